"""What a site asks of all its studies."""

from __future__ import annotations

import os
import tomllib

from pydantic import ValidationError

from engine.errors import Fault, UsageError
from engine.study.disclosure import DisclosureSpec
from engine.study.study_spec import StudySpec

SITE = "EQUIRANK_DISCLOSURE"
"""The environment variable with the keys of ``disclosure``."""


def with_site_disclosure(spec: StudySpec) -> StudySpec:
    """Return a study with what the site asks: of both, the stricter number counts.

    Raises
    ------
    UsageError
        If the environment variable of the site cannot be understood.
    """
    site = _site_disclosure()
    if site is None:
        return spec
    own = spec.disclosure or site
    shares = [one.largest_share for one in (own, site) if one.largest_share is not None]
    both = DisclosureSpec(
        threshold=max(own.threshold, site.threshold),
        round_to=max(own.round_to, site.round_to),
        largest_share=min(shares, default=None),
    )
    return spec.model_copy(update={"disclosure": both})


def _site_disclosure() -> DisclosureSpec | None:
    text = os.environ.get(SITE, "").strip()
    if not text:
        return None
    try:
        return DisclosureSpec.model_validate(tomllib.loads(f"site = {{ {text} }}")["site"], strict=True)
    except (tomllib.TOMLDecodeError, ValidationError, RecursionError):
        expected = "the keys of [disclosure] with their values, such as 'threshold = 10, round_to = 5'"
        fault = Fault(SITE, "it cannot be understood", expected, "Correct it.")
        raise UsageError(fault) from None
