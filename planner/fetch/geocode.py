"""Addresses to coordinates by a service on the internet, each answer with the datum it is in; only when it is asked for.

Requests are geopy's. Keys come from the environment alone. Nominatim answers in WGS84, Amap in GCJ-02, Baidu in BD-09.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pandas as pd

from planner.errors import Finding, NoInternetError, PlannerError, finding
from planner.inputs.tables.read import read_table
from planner.progress import Progress, silent
from planner.settings.inputs import Table

__all__ = ["DATUM", "KEYS", "Geocoded", "Service", "geocode", "host_of", "rows_with_addresses"]

Service = Literal["nominatim", "baidu", "amap"]
#: Datum of each service's answers.
DATUM: dict[Service, str] = {"nominatim": "wgs84", "baidu": "bd09", "amap": "gcj02"}
#: Where the keys stand; Nominatim needs none.
KEYS: dict[Service, str] = {"baidu": "PLANNER_BAIDU_KEY", "amap": "PLANNER_AMAP_KEY"}
_URLS: dict[Service, str] = {
    "nominatim": "https://nominatim.openstreetmap.org/search", "baidu": "https://api.map.baidu.com/geocoding/v3/",
    "amap": "https://restapi.amap.com/v3/geocode/geo",
}  # fmt: skip
#: Seconds between requests: the rule of Nominatim's public server; the others allow more.
_PAUSE_S: dict[Service, float] = {"nominatim": 1.1, "baidu": 0.1, "amap": 0.1}
_AGENT = "outdoor-rest-planner"


@dataclass(frozen=True, eq=False)
class Geocoded:
    """Rows with ``lng``, ``lat``, ``datum``, ``found_as`` (what the service took the address for) and ``geocoder`` beside their own columns.

    Rows that the service does not know keep blanks; each is a finding.
    """

    rows: pd.DataFrame
    findings: tuple[Finding, ...]

    @property
    def placed(self) -> int:
        """Rows that have coordinates now."""
        return int(self.rows["lng"].notna().sum())


def host_of(service: Service, url: str | None = None) -> str:
    """The server that the addresses go to."""
    return urlsplit(url or _URLS[service]).netloc


def rows_with_addresses(path: Path) -> tuple[pd.DataFrame, str]:
    """Rows of a file under their own names, and its column of addresses.

    Raises
    ------
    InputError
        The file cannot be read.
    PlannerError
        It has no column of addresses (GEC-001).
    """
    from planner.errors import refuse_if_errors

    raw, found = read_table(Table(path=path.resolve()), kind="stations")
    refuse_if_errors(found)
    assert raw is not None  # noqa: S101
    if "address" not in raw.roles:
        raise PlannerError.of(
            finding("GEC-001", source=path.name, value=", ".join(map(str, raw.cells.columns)))
        )
    return raw.cells.reset_index(drop=True), raw.roles["address"]


def geocode(
    rows: pd.DataFrame,
    column: str,
    service: Service,
    *,
    city: str = "",
    url: str | None = None,
    pause_s: float | None = None,
    progress: Progress | None = None,
) -> Geocoded:
    """Ask a service for each address of ``column``, the same address once.

    Parameters
    ----------
    city
        Put before addresses that do not name it (addresses of lists often begin with the street).
    url
        Another server of the same service.

    Raises
    ------
    NoInternetError
        The service cannot be reached or refuses.
    PlannerError
        geopy is not installed, or the key is missing.
    """
    ask = _asker(service, url)
    pause = _PAUSE_S[service] if pause_s is None else pause_s
    say = progress or silent
    known: dict[str, tuple[float, float, str] | None] = {}
    texts = [_full(text, city) for text in rows[column]]
    wanted = list(dict.fromkeys(t for t in texts if t))
    for i, asked in enumerate(wanted):
        say("asking for addresses", i / len(wanted))
        if i:
            time.sleep(pause)
        known[asked] = ask(asked)
    found: list[Finding] = []
    placed = [known.get(t) if t else None for t in texts]
    for i, (text, there) in enumerate(zip(texts, placed, strict=True)):
        if there is None:
            found.append(finding("GEC-004", source=service, row=i + 1, field=column, value=text or ""))
    table = rows.assign(
        lng=[p[0] if p else None for p in placed], lat=[p[1] if p else None for p in placed],
        datum=[DATUM[service] if p else None for p in placed], found_as=[p[2] if p else None for p in placed], geocoder=service,
    )  # fmt: skip
    say("asking for addresses", 1.0)
    return Geocoded(table, tuple(found))


def _full(text: Any, city: str) -> str | None:
    """An address as it is asked for; None where there is none."""
    if not isinstance(text, str) or not text.strip():
        return None
    plain = " ".join(text.split())
    return plain if not city or city in plain else f"{city}{'' if city[-1] > '⺀' else ', '}{plain}"


def _asker(service: Service, url: str | None) -> Callable[[str], tuple[float, float, str] | None]:
    """What asks the service for one address: longitude, latitude, what it was taken for; None if unknown."""
    try:
        from geopy import exc
    except ImportError as error:
        raise PlannerError.of(finding("GEC-002")) from error
    coder = _coder(service, url)

    def ask(text: str) -> tuple[float, float, str] | None:
        try:
            there = coder.geocode(text)
        except exc.GeocoderAuthenticationFailure as error:
            raise NoInternetError.of(finding("GEC-005", source=service, why=str(error)[:200])) from error
        except exc.GeopyError as error:
            raise NoInternetError.of(
                finding("GEC-006", source=service, value=host_of(service, url), why=str(error)[:200])
            ) from error
        return None if there is None else (float(there.longitude), float(there.latitude), str(there.address))

    return ask


def _coder(service: Service, url: str | None) -> Any:
    """Geopy's geocoder of a service."""
    from geopy.geocoders import Nominatim

    address = url or _URLS[service]
    common = {"user_agent": _AGENT, "timeout": 20}
    if service == "nominatim":
        made = Nominatim(**common)
        made.api = address
        return made
    key = os.environ.get(KEYS[service], "").strip()
    if not key:
        raise PlannerError.of(finding("GEC-003", source=service, value=KEYS[service]))
    if service == "baidu":
        return _web(address, {"ak": key, "output": "json"}, _of_baidu, common)
    return _web(address, {"key": key}, _of_amap, common)


def _web(address: str, given: dict[str, str], first: Callable[[Any], Any], common: dict[str, Any]) -> Any:
    """A geocoder that geopy does not have (or, of Baidu, reads wrong: answers without a formatted address), through its requests."""
    from urllib.parse import urlencode

    from geopy.geocoders.base import Geocoder

    class _WebService(Geocoder):
        """One service: an address goes to it, the first place of the answer comes back."""

        def geocode(self, query: str) -> Any:
            """The first place that the address may mean, or None."""
            return self._call_geocoder(f"{address}?{urlencode({**given, 'address': query})}", first)

    return _WebService(**common)


def _of_amap(answer: Any) -> Any:
    """https://lbs.amap.com/api/webservice/guide/api/georegeo."""
    from geopy import exc
    from geopy.location import Location

    if str(answer.get("status")) != "1":
        code = str(answer.get("infocode", ""))
        kind = (
            exc.GeocoderAuthenticationFailure
            if code in ("10001", "10005", "10009")
            else exc.GeocoderQueryError
        )
        raise kind(str(answer.get("info", code)))
    places = answer.get("geocodes") or []
    if not places or "," not in str(places[0].get("location", "")):
        return None
    lng, lat = map(float, str(places[0]["location"]).split(","))
    return Location(str(places[0].get("formatted_address") or ""), (lat, lng), places[0])


def _of_baidu(answer: Any) -> Any:
    """https://lbsyun.baidu.com/faq/api?title=webapi/guide/webservice-geocoding: it names a level and a confidence, no address."""
    from geopy import exc
    from geopy.location import Location

    status = int(answer.get("status", -1))
    if status == 1:
        return None
    if status != 0:
        kind = (
            exc.GeocoderAuthenticationFailure
            if status == 5 or 200 <= status < 300
            else exc.GeocoderQueryError
        )
        raise kind(str(answer.get("message") or answer.get("msg") or status))
    there = answer.get("result") or {}
    place = there.get("location")
    if not place:
        return None
    told = " ".join(str(there[k]) for k in ("level", "confidence") if k in there)
    return Location(told, (float(place["lat"]), float(place["lng"])), there)
