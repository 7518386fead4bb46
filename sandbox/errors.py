"""What can go wrong with a sandbox, as seen from the host."""


class SandboxError(Exception):
    """Base of every error that this package raises."""


class SandboxUnavailable(SandboxError):
    """This machine cannot give the sandbox that was asked for; the message names what to install."""


class SandboxLost(SandboxError):
    """A sandbox died or broke its protocol; its workspace can be restored into a new one."""


class PathRefused(SandboxError):
    """A path cannot be served: missing, not a regular file, outside the sandbox, or over a size cap.

    The text is meant for the agent and names only the agent's own path.
    """


class EngineDown(SandboxError):
    """What runs the sandboxes answered before and does not now; no sandbox's fault, and it may come back."""
