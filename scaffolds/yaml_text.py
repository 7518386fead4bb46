"""YAML as people mean it: a key that stands twice in a mapping is a mistake, and nothing lies inside itself.

PyYAML takes the last of equal keys, and an anchor inside itself becomes a value without end.
"""

from collections.abc import Iterator, Mapping

import yaml
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode


def read_yaml(text: str) -> object:
    """The value of a YAML document.

    Raises:
        yaml.YAMLError: it is not YAML, holds a key twice or an anchor inside itself, or is nested too deep.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, (), set())
        return loader.construct_document(node)  # pyright: ignore[reportUnknownMemberType] - a hole in its types
    except RecursionError:
        raise ComposerError(None, None, "it is nested too deep") from None
    finally:
        loader.dispose()


def yaml_text(value: Mapping[str, object]) -> str:
    """A mapping as a YAML document in blocks, its keys in their order."""
    return yaml.safe_dump(value, sort_keys=False)  # pyright: ignore[reportUnknownMemberType] - a hole in its types


def _check(node: Node, above: tuple[Node, ...], checked: set[int]) -> None:
    if any(node is outer for outer in above):
        raise ComposerError(None, None, "an anchor lies inside itself", node.start_mark)
    if id(node) in checked:
        return
    if isinstance(node, MappingNode):
        _refuse_repetition(node)
    for inner in _inside(node):
        _check(inner, (*above, node), checked)
    checked.add(id(node))


def _inside(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from (key, value)
    elif isinstance(node, SequenceNode):
        yield from node.value


def _refuse_repetition(node: MappingNode) -> None:
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        name = (key.tag, key.value)
        if isinstance(key, ScalarNode) and name in seen:
            raise ComposerError(None, None, f"the key {key.value!r} stands there twice", key.start_mark)
        if isinstance(key, ScalarNode):
            seen.add(name)
