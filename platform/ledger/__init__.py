"""The prepaid-credit ledger: an append-only journal of posts, and the rules that every post obeys.

    Ledger.open(directory)      to post        create(directory) makes an empty one first
    Ledger.read(directory)      to look        without the lock and without permission to write
    Ledger(store)               over any `platform.ports.JournalStore`

    ledger.post(decide)         decide(book) -> posts, under the lock; the new posts are durable
    ledger.book                 balances and paid items now: what the posts add up to
    ledger.records()            every post with its time, read and verified again
    ledger.checkpoint()         the tables (CSV) brought up to date

    rules      pure: which posts follow from a book. No file, no clock.
    journal    the lines, the stores that keep them, and the one writer.
    proof      verify, rebuild, and Merkle proofs: whether the files are what the journal says.

Amounts are integers, in credits. Times are UTC, ISO 8601.

    CorruptError     damage, with file and line
    ConflictError    a key with other contents
    CreditsError     a balance below zero
    StorageError     the disk fails
    StaleError       there is no billing state
"""
