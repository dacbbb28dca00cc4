"""What looks like a secret in a file that goes into git: keys of known forms, told without showing them."""
import re
from collections.abc import Iterator

# Each form belongs to one issuer and is long enough that ordinary text does not have it.
_FORMS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{30,255}|github_pat_[0-9A-Za-z_]{40,255})",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a Slack token": r"\bxox[abeoprs]-[0-9A-Za-z-]{10,250}",
    "a Stripe key": r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{16,255}",
    "an API key": r"\bsk-[0-9A-Za-z_-]{20,255}",
    "an age identity": r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,70}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{1,100}:[^\s/@'\"]{3,100}@",
}
_ANY = re.compile("|".join(f"(?P<f{index}>{form})" for index, form in enumerate(_FORMS.values())))
_NAMES = tuple(_FORMS)
# Some of this stands in every secret of these forms; most files have none of it, and looking costs nothing.
_HINTS = ("PRIVATE KEY", "AKIA", "ASIA", "gh", "AIza", "xox", "k_live_", "k_test_", "sk-", "AGE-", "://")


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """Where in `text` something begins that looks like a secret, and what it looks like. Comments count too."""
    if not any(hint in text for hint in _HINTS):
        return
    for found in _ANY.finditer(text):
        yield found.start(), _NAMES[int((found.lastgroup or "f0")[1:])]
