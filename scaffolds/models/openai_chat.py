"""Models behind Chat Completions: servers that speak it (vLLM, llama.cpp, Ollama), and OpenAI's oldest."""

from scaffolds.messages import Completion
from scaffolds.models.capabilities import capabilities
from scaffolds.models.chat_format import ChatFormat
from scaffolds.models.client import Endpoint
from scaffolds.models.openai_wire import OpenAIWire
from scaffolds.models.protocol import ModelRequest
from scaffolds.models.settings import read_settings


class OpenAIChat:
    """A `Client` over Chat Completions. Answers are not streamed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._wire = OpenAIWire(endpoint)
        self._format = ChatFormat(endpoint, capabilities(endpoint.model))

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        settings = read_settings(request.settings, self.name)
        body = {"model": self._endpoint.model, **self._format.body(request, settings)}
        return self._format.completion(self._wire.post("/chat/completions", body, request), request)
