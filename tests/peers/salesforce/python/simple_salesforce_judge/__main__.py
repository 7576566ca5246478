"""simple-salesforce judges an org.

    python simple_salesforce_judge ORG_JSON

ORG_JSON is what `orgstream sandbox` announces, with `org_id`.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import bulk
import collections_api
import logins
import queries
import records
from report import Report


def main():
    org = json.loads(sys.argv[1])
    report = Report()
    connection = logins.judge(org, report)
    records.judge(connection, report)
    queries.judge(connection, report)
    collections_api.judge(connection, report)
    bulk.judge(connection, report)
    logins.judge_lost_session(org, report)
    report.done()


main()
