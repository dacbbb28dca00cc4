"""The rules: posts and values in, posts and decisions out. Pure: no file, no clock, no lock.

    keys      what makes two posts the same post
    balance   Book: what posts add up to, and what may follow them
    tables    the values of which a book consists
    form      what a post must be by itself
    body      the JSON of a post
    charge    an order's SPEND, or why it is refused
    refund    settlement: facts, refunds and evidence after the steps of an order
    attempts  deliveries: claims, voids and decisions; evidence: what a delivery posts
    credit    top-ups, payments, promotions; payments, references: what was posted before
    adjust    corrections and transfers; remedy: the commands that correct; conflict: what differs
    loss      an operator's acceptance that posts are lost
"""
