"""Finds likely secrets in files that go into git: keys of known forms. It never shows them."""
import re
from collections.abc import Iterator

# Each form belongs to one issuer and is so long that ordinary text does not contain it.
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
# Every secret of these forms contains one of the hints. Most files contain none, and searching for
# them is fast.
_HINTS = (
    "PRIVATE KEY",
    "AKIA",
    "ASIA",
    "gh",
    "AIza",
    "xox",
    "k_live_",
    "k_test_",
    "sk-",
    "AGE-",
    "://",
)


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """The offset and the kind of each likely secret in `text`, comments included."""
    if not any(hint in text for hint in _HINTS):
        return
    for found in _ANY.finditer(text):
        yield found.start(), _NAMES[int((found.lastgroup or "f0")[1:])]
