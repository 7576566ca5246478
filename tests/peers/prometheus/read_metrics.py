"""Reads a page of metrics with Prometheus' own Python parser, and prints what it found as JSON."""

import json
import sys
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
    kind = answer.headers["content-type"]
    families = list(text_string_to_metric_families(answer.read().decode()))

print(
    json.dumps(
        {
            "content_type": kind,
            "types": {family.name: family.type for family in families},
            "undocumented": [family.name for family in families if not family.documentation],
            "samples": sum(len(family.samples) for family in families),
        }
    )
)
