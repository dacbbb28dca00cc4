"""Mails that try to be another mail than the one that was asked for, as a table.

Each probe is a mail and what has to become of it: `ARRIVES`, exactly as it was written and with no
header, recipient or part more; or the reason slug with which it is refused before anything is sent.
"""
from dataclasses import dataclass, replace

from platform.delivery.email import Mail

ARRIVES = "arrives"
REFUSED = "bad_input_format"

PLAIN = Mail("us@platform.example", "reader@harbour.example", "Boats", "The package is attached.")


@dataclass(frozen=True)
class Probe:
    name: str
    mail: Mail
    expected: str
    arrives_at: str = ""  # the recipient on the wire, where it is not as written


def _subject(name: str, subject: str, expected: str = ARRIVES) -> Probe:
    return Probe(f"subject: {name}", replace(PLAIN, subject=subject), expected)


def _body(name: str, body: str, expected: str = ARRIVES) -> Probe:
    return Probe(f"body: {name}", replace(PLAIN, body=body), expected)


def _recipient(name: str, recipient: str, expected: str = REFUSED, arrives_at: str = "") -> Probe:
    return Probe(f"recipient: {name}", replace(PLAIN, recipient=recipient), expected, arrives_at)


def _sender_name(name: str, sender_name: str, expected: str = ARRIVES) -> Probe:
    return Probe(f"sender name: {name}", replace(PLAIN, sender_name=sender_name), expected)


_FORGED = "=?utf-8?q?Invoice=0D=0AReply-To=3A_boss=40evil.example=0D=0ABcc=3A_all=40evil.example=0D=0A=0D=0APay_here?="

PROBES = (
    _subject("an encoded word with line breaks and headers", _FORGED),
    _subject("the same in base64", "=?utf-8?b?SW52b2ljZQ0KQmNjOiBhbGxAZXZpbC5leGFtcGxl?="),
    _subject("an encoded word in another charset", "=?iso-8859-1?Q?a=0Ab?= =?utf-16?b?AA==?="),
    _subject("an encoded word after plain text", f"Boats {_FORGED}"),
    _subject("an encoded word without a space before it", f"Größe{_FORGED}"),
    _subject("encoded words beyond its line", f"{'Boats ' * 20}{_FORGED}"),
    _subject("half of an encoded word", "=?utf-8?q?a"),
    _subject("an encoded word of an unknown charset", "=?\"?b?a?= =?x-nothing?q?a?="),
    _subject("percent-encoded line breaks", "Boats%0d%0aBcc: all@evil.example"),
    _subject("spaces that folding loses", "Prüfung Größe Größe – report report über für"),
    _subject("spaces at both ends and runs of them", "  Boats   and    ships  "),
    _subject("only spaces", "   "),
    _subject("200 letters in one word", "x" * 200),
    _subject("200 letters beyond ASCII", "ä" * 200),
    _subject("200 emoji", "🛥" * 200),
    _subject("right-to-left letters and a mark", "חשבונית\u200f 42 فاتورة"),
    _subject("joiners and odd spaces", "می\u200cخواهم　👨\u200d👩\u200d👧\xa05"),
    _subject("what looks like headers", "Boats: Bcc: all@evil.example; name=\"x\""),
    _subject("quotes, backslashes and angle brackets", "\"a\\\" <b@evil.example>, (c)"),
    *(_subject(f"U+{ord(mark):04X}", f"Boats{mark}Bcc: all@evil.example", REFUSED)
      for mark in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\0\x1b\x7f\u202e\u2066\ufeff\ud800"),
    _subject("CRLF and a blank line", "Boats\r\n\r\nPay here", REFUSED),
    _subject("a line break that folds", "Boats\r\n Bcc: all@evil.example", REFUSED),
    _body("lone dots", ".\n..\n.\nMAIL FROM:<x@evil.example>\n.\n"),
    _body("an end of data with other line breaks", "a\n.\r\n.\r.\nRCPT TO:<all@evil.example>"),
    _body("CR only", "one\rtwo\r\rthree"),
    _body("a line of 5,000 characters", "x" * 5000),
    _body("a line of 5,000 letters beyond ASCII", "ä" * 5000),
    _body("lines that begin with From", "From here on\nFrom us\n>From them"),
    _body("a boundary of its own", "--=_\r\n--=_0000\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n--=_0000--"),
    _body("what looks like headers at its start", "Bcc: all@evil.example\n\nPay here"),
    _body("nothing", ""),
    _body("blanks at line ends and a tab", "a  \n\tb \n \n"),
    _body("an encoded word", _FORGED),
    _body("quoted-printable text", "a=0D=0Ab =\nc=3D"),
    _body("vertical tabs, form feeds, escapes, U+2028, U+0085", "a\vb\fc\x1bd\u2028e\x85f"),
    _body("a NUL", "a\0b", REFUSED),
    _body("half of a character", "a\ud800b", REFUSED),
    _recipient("a tag and dots", "first.last+tag@mail.harbour.example", ARRIVES),
    _recipient("every sign of an atom", "!#$%&'*+-/?=^_`{|}~@harbour.example", ARRIVES),
    _recipient("percent-encoded line breaks", "reader%0d%0abcc@harbour.example", ARRIVES),
    _recipient("a domain in another script", "reader@bücher.example", ARRIVES, "reader@xn--bcher-kva.example"),
    _recipient("a domain in letters of another width", "reader@ｈarbour。example", ARRIVES, "reader@harbour.example"),
    _recipient("a local part of 64 octets", f"{'x' * 64}@harbour.example", ARRIVES),
    _recipient("a name", "Reader <reader@harbour.example>"),
    _recipient("a comment", "reader(all@evil.example)@harbour.example"),
    _recipient("a comment at its end", "reader@harbour.example (Reader)"),
    _recipient("a quoted local part", "\"reader\"@harbour.example"),
    _recipient("a quoted local part with a line break", "\"rea\r\nBcc: all@evil.example\r\n der\"@harbour.example"),
    _recipient("an encoded word", "=?utf-8?q?reader=40evil.example=3E=0A?=@harbour.example"),
    _recipient("a group", "all: reader@harbour.example, all@evil.example;"),
    _recipient("a source route", "@evil.example,@relay.example:reader@harbour.example"),
    _recipient("two addresses", "reader@harbour.example,all@evil.example"),
    _recipient("two addresses by a space", "reader@harbour.example all@evil.example"),
    _recipient("a command", "reader@harbour.example> NOTIFY=SUCCESS"),
    _recipient("a line break at its end", "reader@harbour.example\n"),
    *(_recipient(f"U+{ord(mark):04X}", f"rea{mark}der@harbour.example") for mark in
      "\r\n\v\f\x85\u2028\u2029\0\t\xa0\u3000\u200b\u200d\u202e\ufeff\ud800"),
    _recipient("letters beyond ASCII where no server is known to take them", "jörg@weather.example"),
    _recipient("an address literal", "reader@[127.0.0.1]"),
    _recipient("an IP address", "reader@127.0.0.1"),
    _recipient("a dot at its end", "reader@harbour.example."),
    _recipient("two dots", "rea..der@harbour.example"),
    _recipient("a dot before the @", "reader.@harbour.example"),
    _recipient("a local part of 65 octets", f"{'x' * 65}@harbour.example"),
    _recipient("255 octets", f"reader@{'.'.join(['x' * 60] * 4)}.yyyy"),
    _recipient("a label of 64 letters", f"reader@{'x' * 64}.example"),
    _recipient("a label that is no A-label", "reader@xn--a.example"),
    _recipient("a line break in its domain", "reader@harbour\n.example"),
    _sender_name("words", "Harbour Deliveries"),
    _sender_name("another address", "\"Boss\" <boss@evil.example>, us"),
    _sender_name("an encoded word", _FORGED),
    _sender_name("a comma and a colon", "Deliveries, Harbour: all"),
    _sender_name("letters beyond ASCII with runs of spaces", "Größe  Prüfung – 東京　配送 " * 4),
    _sender_name("a line break", "us\r\nBcc: all@evil.example", REFUSED),
)
