"""A watch as fields of a form, and back, with each mistake beside its field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from core.errors import InputError
from core.source_form import SettingField, SourceForm
from core.watch import Brand, SourceSettings, Watch, watch_id

T = TypeVar("T")

#: What a schedule field may hold.
DEFAULT_EVERY = 15
PRIORITIES = ("1", "0", "-1")


@dataclass(kw_only=True, slots=True)
class WatchForm:
    """What stands in the fields, right or wrong."""

    product: str = ""
    aliases: str = ""
    rivals: str = ""
    own_handles: str = ""
    must: str = ""
    must_not: str = ""
    every_minutes: str = str(DEFAULT_EVERY)
    paused: bool = False
    priority: str = "0"
    version: int = 0
    #: Names of the sources that are switched on.
    chosen: set[str] = field(default_factory=set)
    #: Text of each setting by `source.setting`.
    settings: dict[str, str] = field(default_factory=dict)
    #: Every source that the form offers.
    sources: tuple[SourceForm, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, sources: Sequence[SourceForm]) -> WatchForm:
        """Return the form of a new watch, as `earful up PRODUCT` would make one."""
        return cls(
            sources=tuple(sources),
            chosen={form.name for form in sources if form.defaults is not None},
            settings={
                f"{form.name}.{name}": _as_text(value)
                for form in sources
                for name, value in (form.defaults or {}).items()
            },
        )

    @classmethod
    def of(cls, watch: Watch, sources: Sequence[SourceForm]) -> WatchForm:
        """Return a stored watch as a form; settings that no field is known for get one."""
        forms = _with_unknown(sources, watch.sources)
        return cls(
            product=watch.product.name,
            aliases="\n".join(watch.product.aliases),
            rivals="\n".join(_brand_line(rival) for rival in watch.rivals),
            own_handles="\n".join(watch.own_handles),
            must="\n".join(watch.must),
            must_not="\n".join(watch.must_not),
            every_minutes=str(watch.every_minutes),
            paused=watch.paused,
            priority=str(watch.priority),
            version=watch.version,
            chosen=set(watch.sources),
            settings={
                f"{form.name}.{each.name}": _as_text(watch.sources.get(form.name, {}).get(each.name))
                for form in forms
                for each in form.fields
            },
            sources=forms,
        )

    @classmethod
    def read(cls, sent: Mapping[str, str], sources: Sequence[SourceForm]) -> WatchForm:
        """Return what was sent; the form remembers which unknown settings it showed."""
        forms = _with_unknown(sources, _shown(sent))
        version = sent.get("version", "0")
        return cls(
            product=sent.get("product", ""),
            aliases=sent.get("aliases", ""),
            rivals=sent.get("rivals", ""),
            own_handles=sent.get("own_handles", ""),
            must=sent.get("must", ""),
            must_not=sent.get("must_not", ""),
            every_minutes=sent.get("every_minutes", ""),
            paused=sent.get("paused", "") == "yes",
            priority=sent.get("priority", "0"),
            version=int(version) if version.isascii() and version.isdigit() else 0,
            chosen={form.name for form in forms if sent.get(f"source.{form.name}", "") == "yes"},
            settings={
                f"{form.name}.{each.name}": sent.get(f"setting.{form.name}.{each.name}", "")
                for form in forms
                for each in form.fields
            },
            sources=forms,
        )

    def watch(self, stored: Watch | None) -> Watch | None:
        """Return the watch that the fields describe, or None after filling `errors`."""
        product = self._try("product", lambda: Brand(name=self.product))
        self._try("aliases", lambda: Brand(name="x", aliases=lines(self.aliases)))
        self._try("rivals", lambda: [_brand(line) for line in lines(self.rivals)])
        for name in ("own_handles", "must", "must_not"):
            texts = lines(getattr(self, name))
            self._try(name, lambda texts=texts: Brand(name="x", aliases=texts))  # type: ignore[misc]
        for form in (form for form in self.sources if form.name in self.chosen):
            for each in form.fields:
                id_ = f"{form.name}.{each.name}"
                told = {each.name: lines(self.settings.get(id_, ""))}
                self._try(id_, lambda f=form, e=each, t=told: e.check(f.name, t))  # type: ignore[misc]
        every = self._try("every_minutes", self._every)
        if self.errors or product is None or every is None:
            return None
        return self._try("product", lambda: self._build(stored, every))

    def _build(self, stored: Watch | None, every: int) -> Watch:
        return Watch(
            id=stored.id if stored else watch_id(self.product.strip()),
            product=Brand(name=self.product, aliases=lines(self.aliases)),
            rivals=tuple(_brand(line) for line in lines(self.rivals)),
            own_handles=lines(self.own_handles),
            must=lines(self.must),
            must_not=lines(self.must_not),
            sources=self._sources(stored),
            every_minutes=every,
            paused=self.paused,
            priority=int(self.priority) if self.priority in PRIORITIES else 0,
            version=self.version,
        )

    def _sources(self, stored: Watch | None) -> dict[str, SourceSettings]:
        """Return the settings of the sources that are on; values that the form cannot show are kept."""
        found: dict[str, SourceSettings] = {}
        for form in self.sources:
            if form.name not in self.chosen:
                continue
            settings = dict(stored.sources.get(form.name, {})) if stored else {}
            for each in form.fields:
                text = self.settings.get(f"{form.name}.{each.name}", "")
                value: object = list(lines(text)) if each.many else text.strip()
                if value:
                    settings[each.name] = value
                else:
                    settings.pop(each.name, None)
            found[form.name] = settings
        return found

    def _every(self) -> int:
        try:
            every = int(self.every_minutes)
        except ValueError:
            raise InputError("write a whole number of minutes") from None
        if not 1 <= every <= 7 * 24 * 60:
            raise InputError("a schedule lies between 1 minute and 7 days")
        return every

    def _try(self, name: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except InputError as error:
            self.errors[name] = str(error)
            return None


def _shown(sent: Mapping[str, str]) -> dict[str, SourceSettings]:
    """Return which sources and settings the form showed, known to us or not."""
    found: dict[str, dict[str, object]] = {source: {} for source in sent.get("shown_sources", "").split()}
    for name in sent.get("shown", "").split():
        source, _, setting = name.partition(".")
        if setting:
            found.setdefault(source, {})[setting] = []
    return dict(found)


def lines(text: str) -> tuple[str, ...]:
    """Return the lines of a field that hold something."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _brand(line: str) -> Brand:
    """Read `Name: alias, alias`."""
    name, _, aliases = line.partition(":")
    return Brand(name=name, aliases=tuple(alias for alias in aliases.split(",") if alias.strip()))


def _brand_line(brand: Brand) -> str:
    return f"{brand.name}: {', '.join(brand.aliases)}" if brand.aliases else brand.name


def _as_text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(str(item) for item in value)
    return "" if value is None else str(value)


def _with_unknown(
    sources: Sequence[SourceForm], stored: Mapping[str, SourceSettings]
) -> tuple[SourceForm, ...]:
    """Return the forms offered, with fields for stored settings of texts that none of them knows."""
    forms = {form.name: form for form in sources}
    for source, settings in stored.items():
        form = forms.get(source, SourceForm(name=source, title=source.capitalize()))
        known = {each.name for each in form.fields}
        more = tuple(
            SettingField(
                name=name, label=name.replace("_", " ").capitalize(), many=isinstance(value, (list, tuple))
            )
            for name, value in settings.items()
            if name not in known and isinstance(value, (str, list, tuple))
        )
        forms[source] = replace(form, fields=(*form.fields, *more))
    return tuple(forms.values())
