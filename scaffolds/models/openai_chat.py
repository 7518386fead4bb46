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
        can = capabilities(endpoint.model)
        # OpenAI's reasoning models know the new name alone, most servers the old one alone.
        field = "max_tokens" if can.system == "system" else "max_completion_tokens"
        self._format = ChatFormat(endpoint, can, field)

    def complete(self, request: ModelRequest) -> Completion:
        """See `Client.complete`."""
        settings = read_settings(request.settings, self.name)
        body = {"model": self._endpoint.model, **self._format.body(request, settings)}
        return self._format.completion(self._wire.post("/chat/completions", body, request), request)
