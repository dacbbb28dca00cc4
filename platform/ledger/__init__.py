"""The prepaid-credit ledger: rules that are pure (keys, balance, charge, refund, credit) and one writer (journal)."""
