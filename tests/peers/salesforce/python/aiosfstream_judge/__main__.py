"""aiosfstream judges the Streaming API of an org.

    python aiosfstream_judge ORG_JSON

ORG_JSON is what `orgstream sandbox` announces, with `org_id`.
"""
import asyncio
import json
import logging
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import scenario
from report import Report


def main():
    # The client logs the ends of its own cancelled tasks as errors.
    logging.disable(logging.CRITICAL)
    org = json.loads(sys.argv[1])
    # Its cookie jar keeps nothing for hosts that are addresses.
    org["login_url"] = org["login_url"].replace("127.0.0.1", "localhost")
    report = Report()
    asyncio.run(scenario.judge(org, report))
    report.done()


main()
