"""Alerts and reports by e-mail, through the team's own mail server."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from core.errors import InputError, SendLater, SendRefused
from engage.channel import Alert, AlertChannel, Connection, Field
from engage.outbound import Outbound

#: Ports that mail is handed in on.
PORTS = frozenset({25, 465, 587, 2525})
SECURITY = ("starttls", "tls", "none")
MOST = 20
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\]")
_PERMANENT = 500


class Email(AlertChannel):
    """Tell people by e-mail."""

    name = "email"
    title = "E-mail"
    fields = (
        Field(name="server", label="Mail server (SMTP)", help="smtp.example"),
        Field(name="port", label="Port", usual="587"),
        Field(name="security", label="Encryption", usual="starttls",
              help="starttls, tls (from the first byte, port 465) or none (a server on your own network)"),
        Field(name="from", label="From", help="earful@example.com"),
        Field(name="username", label="User name", needed=False),
        Field(name="password", label="Password", secret=True, needed=False),
    )  # fmt: skip
    target = Field(name="target", label="To", help="addresses, with commas between them")

    def place(self, values: Mapping[str, str]) -> str:
        """Return the address it comes from."""
        if not _HOST.fullmatch(values.get("server", "")):
            raise InputError("write the mail server as smtp.example")
        if values.get("security") not in SECURITY:
            raise InputError(f"encryption is {', '.join(SECURITY)}")
        port = values.get("port", "")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):  # noqa: PLR2004
            raise InputError("the port is a number such as 587")
        return self.check_target(values.get("from", ""))

    def check(self, link: Connection, out: Outbound) -> str:
        """Connect and sign in."""
        with _server(link, out) as server:
            server.noop()
        return link.value("from")

    def deliver(self, link: Connection, out: Outbound, alert: Alert, target: str) -> str:
        """Hand the message in."""
        message = _message(link.value("from"), self.check_target(target), alert)
        with _server(link, out) as server:
            refused = server.send_message(message)
        return f"handed in; refused for {', '.join(sorted(refused))}" if refused else "handed in"

    def check_target(self, target: str) -> str:
        """Return addresses in their usual form."""
        found = [part.strip() for part in target.split(",") if part.strip()]
        if not found or len(found) > MOST or not all(_ADDRESS.fullmatch(one) for one in found):
            raise InputError(f"write 1 to {MOST} e-mail addresses with commas between them")
        return ", ".join(found)


@contextlib.contextmanager
def _server(link: Connection, out: Outbound) -> Iterator[smtplib.SMTP]:
    """Yield a session with the mail server, signed in where there is a user name."""
    host, port = link.value("server").strip("[]"), int(link.value("port"))
    security, context = link.value("security"), ssl.create_default_context()

    class Checked(smtplib.SMTP):
        def _get_socket(self, host: str, port: int, timeout: float) -> object:
            del timeout
            plain = out.connect(host, port, ports=PORTS)
            return context.wrap_socket(plain, server_hostname=host) if security == "tls" else plain

    try:
        with Checked(host, port) as server:
            if security == "starttls":
                server.starttls(context=context)
            if link.value("username"):
                server.login(link.value("username"), link.value("password"))
            yield server
    except smtplib.SMTPAuthenticationError:
        raise SendRefused(f"{host} refuses the user name and password") from None
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
        raise _refusal(host, error) from None
    except smtplib.SMTPResponseException as error:
        said = f"{host} answers {error.smtp_code}"
        raise (SendRefused if error.smtp_code >= _PERMANENT else SendLater)(said) from None
    except smtplib.SMTPNotSupportedError:
        raise SendRefused(f"{host} offers no such encryption or sign-in; choose another") from None
    except (smtplib.SMTPException, OSError):
        raise SendLater(f"{host} does not answer as a mail server does") from None


def _refusal(host: str, error: smtplib.SMTPException) -> SendRefused | SendLater:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        later = any(code < _PERMANENT for code in codes)
        return (SendLater if later else SendRefused)(f"{host} takes no mail for these addresses")
    return SendRefused(f"{host} takes no mail from this address")


def _message(sender: str, target: str, alert: Alert) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"[Earful] {_one_line(alert.title)}"
    message["From"], message["To"] = sender, target
    message["Date"] = format_datetime(alert.at)
    # The same on each try, so that a mailbox can tell a repeat.
    name = re.sub(r"[^A-Za-z0-9.-]", ".", alert.id)
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(alert))
    message.add_alternative(_html(alert), subtype="html")
    return message


def _text(alert: Alert) -> str:
    parts = [alert.title, alert.summary, ""]
    for line in alert.lines:
        parts += [f"{_who(line.author, line.source)}{f' ({line.labels})' if line.labels else ''}, {line.at}",
                  f"  {line.text}", f"  {line.link}", ""]  # fmt: skip
    for fact in alert.facts:
        parts += [fact.words, f"  {fact.link}", ""]
    parts += [_rest(alert), f"{_whole(alert)}: {alert.link}"]
    return "\n".join(part for part in parts if part is not None)


def _html(alert: Alert) -> str:
    """Return the message as HTML: no picture, no script, nothing that is fetched from anywhere."""
    items = [
        f"<li><p><b>{escape(_who(line.author, line.source))}</b> {escape(line.labels)} "
        f"<small>{escape(line.at)}</small></p>"
        f'<p dir="auto">{escape(line.text)}</p><p><a href="{escape(line.link)}">Open the thread</a></p></li>'
        for line in alert.lines
    ]
    items += [f'<li><a href="{escape(fact.link)}">{escape(fact.words)}</a></li>' for fact in alert.facts]
    return (
        f"<h1>{escape(alert.title)}</h1><p>{escape(alert.summary)}</p><ul>{''.join(items)}</ul>"
        f'<p>{escape(_rest(alert))}</p><p><a href="{escape(alert.link)}">{_whole(alert)}</a></p>'
    )


def _whole(alert: Alert) -> str:
    return "The whole report" if alert.facts else "All of them"


def _rest(alert: Alert) -> str:
    rest = alert.count - len(alert.lines)
    return f"And {rest:,} more." if rest > 0 else ""


def _who(author: str, source: str) -> str:
    return f"{author or 'somebody'} on {source}"


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


channel = Email()
