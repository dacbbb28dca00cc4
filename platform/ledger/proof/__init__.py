"""Proofs that a billing state is what its journal says.

    audit         verify(directory) -> Verdict; rebuild(directory) makes the tables again
    line_by_line  the first thing that is wrong, with its file and line
    parallel      the same verdict for a long, sound journal, on all processors (slices, crew)
    merkle        RFC 6962: roots, inclusion and consistency proofs
"""
