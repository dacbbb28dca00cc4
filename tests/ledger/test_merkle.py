"""The tree against RFC 6962's well-known eight leaves, against scitt-cose, and every proof of every small tree."""
import hashlib
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scitt_cose import merkle as theirs

from platform.ledger.proof.merkle import EMPTY, consistency, inclusion, is_consistent, is_included, leaf_hash, root

# The leaves, roots and paths that certificate-transparency's implementations are all tested with.
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
PATHS = {
    (0, 8): ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
    (5, 8): ("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)}
PREFIXES = {
    (1, 8): PATHS[0, 8],
    (6, 8): ("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    (2, 5): ("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b")}
LARGEST = 130
MANY = [leaf_hash(str(number).encode()) for number in range(LARGEST)]
ALL_ROOTS = [root(MANY[:size]) for size in range(LARGEST + 1)]


def test_the_eight_leaves_have_the_roots_and_paths_that_everybody_has() -> None:
    assert tuple(root(LEAVES[:size]).hex() for size in range(1, 9)) == ROOTS
    assert root([]) == EMPTY == hashlib.sha256(b"").digest()
    assert {at: tuple(each.hex() for each in inclusion(LEAVES[:at[1]], at[0])) for at in PATHS} == PATHS
    assert {at: tuple(each.hex() for each in consistency(LEAVES[:at[1]], at[0])) for at in PREFIXES} == PREFIXES


def test_another_implementation_has_the_same_roots_and_paths_and_takes_ours() -> None:
    entries = [b"%d" % number for number in range(33)]
    leaves, said = [leaf_hash(entry) for entry in entries], [entry.hex() for entry in entries]
    for size in range(1, 34):
        whole = root(leaves[:size]).hex()
        assert theirs.merkle_root(said[:size]) == whole
        for index in range(size):
            path = [each.hex() for each in inclusion(leaves[:size], index)]
            assert theirs.inclusion_proof(said[:size], index) == path
            assert theirs.verify_inclusion(said[index], index, size, path, whole)
        for old in range(1, size):
            path = [each.hex() for each in consistency(leaves[:size], old)]
            assert theirs.consistency_proof(said, old, size) == path
            assert theirs.verify_consistency(root(leaves[:old]).hex(), whole, old, size, path)


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_leaf_of_every_tree_is_included_at_its_place_and_nowhere_else(size: int) -> None:
    leaves = MANY[:size]
    for index in range(size):
        path = inclusion(leaves, index)
        others = range(size + 1) if size <= 33 else (index - 1, index, index + 1, size - 1 - index, size)
        assert {at for at in others if is_included(leaves[index], at, size, path, ALL_ROOTS[size])} == {index}
        assert not is_included(leaves[index], index, size, path[:-1] if path else (EMPTY,), ALL_ROOTS[size])
        assert not is_included(leaves[index], index, size, (*path, EMPTY), ALL_ROOTS[size])


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_every_smaller_tree_is_a_prefix_and_only_of_what_it_is_one_of(size: int) -> None:
    for old in range(size + 1):
        path = consistency(MANY[:size], old)
        assert is_consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], path)
        assert not is_consistent(old, leaf_hash(b"another"), size, ALL_ROOTS[size], path)
        assert not is_consistent(old, ALL_ROOTS[old], size, leaf_hash(b"another"), path) or not old
        assert not is_consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], (*path, EMPTY))
        assert not path or not is_consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], path[:-1])


def flipped(parts: list[bytes], bit: int) -> list[bytes]:
    bit %= 256 * len(parts)
    part, at = divmod(bit, 256)
    changed = bytearray(parts[part])
    changed[at // 8] ^= 1 << at % 8
    return [*parts[:part], bytes(changed), *parts[part + 1:]]


@given(size=st.integers(1, LARGEST), at=st.integers(0, 10**6), bit=st.integers(0, 10**6))
def test_any_changed_bit_of_leaf_path_or_root_fails(size: int, at: int, bit: int) -> None:
    index = at % size
    leaf, tree_root, *path = flipped([MANY[index], ALL_ROOTS[size], *inclusion(MANY[:size], index)], bit)
    assert not is_included(leaf, index, size, path, tree_root)


@given(size=st.integers(2, LARGEST), at=st.integers(0, 10**6), bit=st.integers(0, 10**6))
def test_any_changed_bit_of_a_consistency_proof_or_of_its_roots_fails(size: int, at: int, bit: int) -> None:
    old = 1 + at % (size - 1)
    old_root, tree_root, *path = flipped([ALL_ROOTS[old], ALL_ROOTS[size], *consistency(MANY[:size], old)], bit)
    assert not is_consistent(old, old_root, size, tree_root, path)


def test_a_history_that_was_rewritten_is_no_extension() -> None:
    """One old leaf is another: no path of either tree connects what was signed before with what is there now."""
    for size, changed in product((5, 8, 13), range(5)):
        rewritten = [*MANY[:changed], leaf_hash(b"another"), *MANY[changed + 1:size]]
        for path in (consistency(MANY[:size], 5), consistency(rewritten, 5)):
            assert not is_consistent(5, ALL_ROOTS[5], size, root(rewritten), path)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_of_what_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion(MANY[:3], index)
    with pytest.raises(IndexError):
        consistency(MANY[:3], index + (index > 0))
