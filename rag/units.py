"""Names of units and currencies, as English writes them: from CLDR, by Babel."""

from functools import cache

from babel import Locale
from babel.numbers import get_currency_name
from babel.units import format_unit

PERCENT = "percent"

# Those of CLDR that texts count in. Years, months and days are read as dates are written, too.
_MEASURES = """angle-degree area-acre area-hectare area-square-foot area-square-kilometer
    area-square-meter area-square-mile concentr-percent digital-byte digital-gigabyte
    digital-kilobyte digital-megabyte digital-terabyte duration-century duration-day
    duration-decade duration-hour duration-millisecond duration-minute duration-month
    duration-second duration-week duration-year electric-ampere electric-volt energy-calorie
    energy-joule energy-kilocalorie energy-kilojoule energy-kilowatt-hour frequency-gigahertz
    frequency-hertz frequency-kilohertz frequency-megahertz length-centimeter length-foot
    length-inch length-kilometer length-light-year length-meter length-micrometer length-mile
    length-millimeter length-nanometer length-nautical-mile length-yard mass-gram mass-kilogram
    mass-microgram mass-milligram mass-ounce mass-pound mass-stone mass-ton mass-tonne
    power-gigawatt power-horsepower power-kilowatt power-megawatt power-watt pressure-bar
    speed-kilometer-per-hour speed-knot speed-meter-per-second speed-mile-per-hour
    temperature-celsius temperature-fahrenheit temperature-kelvin volume-barrel volume-cubic-foot
    volume-cubic-meter volume-gallon volume-liter volume-milliliter volume-pint""".split()
_UNKNOWN_TO_CLDR = {
    "per cent": PERCENT,
    "percentage point": PERCENT,
    "percentage points": PERCENT,
    "pc": PERCENT,
    "gwh": "gigawatt hour",
    "gigawatt hours": "gigawatt hour",
    "mwh": "megawatt hour",
    "megawatt hours": "megawatt hour",
    "kph": "kilometer per hour",
    "hrs": "hour",
    "mins": "minute",
    "secs": "second",
    "kilos": "kilogram",
    "bucks": "dollar",
    "£": "pound",
    "$": "dollar",
    "€": "euro",
    "¥": "yen",
}
# They have a sense of their own that is more frequent beside a number.
_NO_UNITS = frozenset("in a d h c b t s w # at as am pt st ct".split())


@cache
def unit_names() -> dict[str, str]:
    """Name or symbol in lower case, or code in capitals, of a unit to its name in the singular.

    The last word of a currency's name stands for it too: "dollar", which may be any dollar.
    """
    names: dict[str, str] = {}
    american = Locale("en")
    for code, name in american.currencies.items():
        unit = get_currency_name(code, 1, american).lower()
        kind = unit.split()[-1]
        plural = get_currency_name(code, 2, american).lower()
        names.setdefault(kind, kind)
        names.setdefault(plural.split()[-1], kind)
        names |= dict.fromkeys((code, unit, plural, name.lower()), unit)
    for code, symbol in american.currency_symbols.items():
        if not symbol.isalpha():
            names.setdefault(symbol.lower(), get_currency_name(code, 1, american).lower())
    names["us$"] = names["USD"]
    for measure in _MEASURES:
        unit = _written(measure, 1, "long", american)
        for locale in (american, Locale("en", "GB")):
            for number in (1, 2):
                names[_written(measure, number, "long", locale)] = unit
                names[_written(measure, number, "short", locale)] = unit
    return {name: unit for name, unit in (names | _UNKNOWN_TO_CLDR).items() if _names_one(name)}


def same_unit(one: str | None, other: str | None) -> bool:
    """Whether two units may be the same: an unnamed one is any, and a dollar any dollar."""
    if one is None or other is None or one == other:
        return True
    return one.endswith(f" {other}") or other.endswith(f" {one}")


def _written(measure: str, number: int, length: str, locale: Locale) -> str:
    written = format_unit(number, measure, "long" if length == "long" else "short", locale=locale)
    return written.removeprefix(str(number)).strip().lower()


def _names_one(name: str) -> bool:
    return bool(name) and name not in _NO_UNITS
