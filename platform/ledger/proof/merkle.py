"""RFC 6962 (and RFC 9162) Merkle trees: roots, inclusion and consistency proofs, made and verified.
Pure, linear.

Everything below takes leaf hashes, not leaves: SHA-256 of 0x00 and the leaf; a node is SHA-256 of
0x01 and its two children, so that no node passes for a leaf. A tree of n leaves is the perfect tree
of the largest power of two below n, and the tree of the rest. Making proofs hashes each node once;
verifying them hashes about log2 n.
"""
import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256().digest()  # the root of no leaves


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf: SHA-256 of 0x00 and its bytes."""
    return hashlib.sha256(b"\0" + leaf).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of a tree with these leaf hashes, in order."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    # pairs, level by level: the odd one goes up as it is, which is the same tree
    while len(level) > 1:
        odd = [level.pop()] if len(level) % 2 else []
        level = [
            _node(left, right) for left, right in zip(level[::2], level[1::2], strict=True)
        ] + odd
    return level[0]


def inclusion(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of the leaf at `index`, from its sibling up. IndexError when the tree has no
    such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"a tree of {len(leaves)} leaves has none at {index}")
    path: list[bytes] = []
    while len(leaves) > 1:
        half = _half(len(leaves))
        near, far = (
            (leaves[:half], leaves[half:]) if index < half else (leaves[half:], leaves[:half])
        )
        path.append(root(far))
        index, leaves = index if index < half else index - half, near
    return tuple(reversed(path))


def consistency(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """That the tree of the first `old_size` leaves is a prefix of this one. IndexError when it is
    larger.

    Empty when the sizes are equal, and for no leaves at all, of which everything is an extension.
    """
    if not 0 <= old_size <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} leaves has no first {old_size}")
    path: list[bytes] = []
    # the old tree's root is known to whoever verifies, as long as no part of it was split off
    whole = True
    while old_size and old_size < len(leaves):
        half = _half(len(leaves))
        if old_size <= half:
            path.append(root(leaves[half:]))
            leaves = leaves[:half]
        else:
            path.append(root(leaves[:half]))
            old_size, leaves, whole = old_size - half, leaves[half:], False
    if not whole:
        path.append(root(leaves))
    return tuple(reversed(path))


def is_included(
    leaf: bytes, index: int, size: int, path: Iterable[bytes], tree_root: bytes
) -> bool:
    """Whether the tree with this size and root has this leaf hash at `index` (RFC 9162, section
    2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False  # the path is too long
        if at & 1 or at == last:
            found = _node(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == tree_root


def is_consistent(
    old_size: int, old_root: bytes, size: int, tree_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the old tree is a prefix of the tree (RFC 9162, section 2.1.4.2)."""
    if not 0 <= old_size <= size:
        return False
    if old_size in (0, size):
        return not path and old_root == (tree_root if old_size else EMPTY)
    steps = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if not steps:
        return False
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = _node(sibling, old), _node(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = _node(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == old_root and new == tree_root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _half(size: int) -> int:
    """The largest power of two below `size`, which is more than 1."""
    return 1 << (size - 1).bit_length() - 1
