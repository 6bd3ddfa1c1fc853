"""What a source can be told, as fields of a form: each source declares its own, and the pages show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InputError
from core.watch import SourceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingField:
    """One setting of a source."""

    #: Its key in `Watch.sources[source]`.
    name: str
    label: str
    #: A value that could stand there.
    example: str = ""
    hint: str = ""
    #: What one value is, in a sentence: `'x y' is no server name`.
    noun: str = "name"
    #: Pattern of one value; empty for any.
    form: str = ""
    #: True where the source reads nothing without it.
    required: bool = False
    #: True for a list, written one per line; False for one line of text.
    many: bool = True
    #: Read in the place of an absent list.
    default: tuple[str, ...] = ()

    def values(self, settings: SourceSettings) -> list[str]:
        """Return the setting's values once each; a text may hold several, with commas between them."""
        value = settings.get(self.name) or self.default
        if isinstance(value, str):
            # An address may hold a comma, but no space.
            value = re.split(r",?\s+|,(?=https?:)" if "://" in value else r"[,\n]", value)
        listed = value if isinstance(value, (list, tuple)) else [value]
        texts = (str(one).strip() for one in listed if isinstance(one, (str, int)))
        return list(dict.fromkeys(text for text in texts if text))

    def check(self, source: str, settings: SourceSettings) -> None:
        """Return where the setting can be read.

        Raises:
            InputError: it is missing or not of its form; the message names the source and an example.
        """
        values = self.values(settings)
        if self.required and not values:
            raise InputError(f"{source} needs `{self.name}`, such as {self.example}")
        for value in values:
            if self.form and not re.fullmatch(self.form, value, re.IGNORECASE):
                raise InputError(f"{value!r} is no {self.noun}; write it like {self.example}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceForm:
    """One source as a form shows it."""

    name: str
    title: str
    hint: str = ""
    fields: tuple[SettingField, ...] = ()
    #: Settings of a watch made from a bare product name; None where it does not read the source.
    defaults: SourceSettings | None = None
    #: True where nothing can be read without a credential.
    needs_key: bool = False
    #: Names of the credentials it can use, and what each adds.
    keys: Mapping[str, str] = field(default_factory=dict)
    #: True where each server gives out keys of its own, which are then called `token@HOST`.
    key_per_server: bool = False
