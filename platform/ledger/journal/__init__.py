"""The journal: its lines, the store that keeps them, and the one writer.

    ledger       Ledger: the lock, the decision, the append. turns: threads that post together
    journal      Journal: lines read, verified and added up to a book. LedgerReader: to look only
    record       one line and its post. columns: many lines at once
    file_store   FileStore: the lines in a file, on a disk. recovery: what a crash leaves at its end
    exports      the files beside the journal: tables, checkpoint, snapshot
    projections  the rows of the tables. compare: whether a table is what the journal produces
    follow       tables on the disk, extended. replay: a journal read from its first byte
    payments, references   posting what must not be posted twice
"""
