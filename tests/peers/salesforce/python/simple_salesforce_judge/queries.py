"""SOQL, pages of it, and the daily limits."""
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

ROWS = 4_500


def judge(sf, report):
    """Queries over more rows than a page holds."""
    account = sf.Account.create({"Name": "It's \"quoted\" 100%"})["id"]
    people = [{"LastName": f"Paged {number:05}", "AccountId": account} for number in range(ROWS)]
    for start in range(0, ROWS, 200):
        body = {"allOrNone": True, "records": [{"attributes": {"type": "Contact"}, **row} for row in people[start:start + 200]]}
        sf.restful("composite/sobjects", method="POST", json=body)
    judge_pages(sf, report)
    judge_expressions(sf, report)
    judge_refusals(sf, report)
    judge_limits(sf, report)


def judge_pages(sf, report):
    """2,000 rows a page."""
    soql = "SELECT Id, LastName FROM Contact WHERE LastName LIKE 'Paged %' ORDER BY LastName"
    report.at("GET /services/data/vNN.0/query")
    first = sf.query(soql)
    report.answers("the first page is 2,000 of all rows",
                   lambda: (first["totalSize"], first["done"], len(first["records"])), (ROWS, False, 2000))
    report.answers("its records say where they are",
                   lambda: first["records"][0]["attributes"]["url"].endswith(first["records"][0]["Id"]))
    report.at("GET /services/data/vNN.0/query/{locator}")
    report.answers("a page by its URL", lambda: len(sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)["records"]),
                   2000)
    report.answers("all rows, in order, none twice",
                   lambda: [row["LastName"] for row in sf.query_all(soql)["records"]],
                   [f"Paged {number:05}" for number in range(ROWS)])
    report.answers("one row after another", lambda: sum(1 for _ in sf.query_all_iter(soql)), ROWS)
    report.refuses("a locator that is none", SalesforceMalformedRequest, lambda: sf.query_more("01gnonsense-2000"),
                   "INVALID_QUERY_LOCATOR", status=400)


def judge_expressions(sf, report):
    """What WHERE and SELECT can say."""
    report.at("GET /services/data/vNN.0/query")
    ask = lambda soql: sf.query(soql)["records"]
    report.answers("quotes and percent signs in a value",
                   lambda: len(ask("SELECT Id FROM Account WHERE Name = 'It\\'s \\\"quoted\\\" 100%'")), 1)
    report.answers("the parent's fields", lambda: ask("SELECT Account.Name FROM Contact WHERE LastName = 'Paged 00001'")
                   [0]["Account"]["Name"], "It's \"quoted\" 100%")
    report.answers("children of a parent",
                   lambda: len(ask("SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 3) FROM Account "
                                   "WHERE Name LIKE 'It%'")[0]["Contacts"]["records"]), 3)
    report.answers("no children is null",
                   lambda: ask("SELECT Name, (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Parent' LIMIT 1")
                   [0].get("Opportunities"), None)
    report.answers("a number of rows", lambda: sf.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'Paged%'")["totalSize"],
                   ROWS)
    report.answers("groups",
                   lambda: ask("SELECT Account.Name n, COUNT(Id) c FROM Contact WHERE LastName LIKE 'Paged%' "
                               "GROUP BY Account.Name")[0]["c"], ROWS)
    report.answers("today", lambda: sf.query("SELECT COUNT() FROM Contact WHERE CreatedDate = TODAY")["totalSize"] >= ROWS)
    report.answers("a list of values",
                   lambda: len(ask("SELECT Id FROM Contact WHERE LastName IN ('Paged 00001', 'Paged 00002', 'none')")), 2)
    report.answers("null", lambda: sf.query("SELECT COUNT() FROM Contact WHERE AccountId = null AND LastName LIKE 'Paged%'")
                   ["totalSize"], 0)
    report.answers("the parents of some children",
                   lambda: len(ask("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact "
                                   "WHERE LastName = 'Paged 00001')")), 1)
    report.answers("from the end", lambda: ask("SELECT LastName FROM Contact WHERE LastName LIKE 'Paged%' "
                                               "ORDER BY LastName DESC NULLS LAST LIMIT 1 OFFSET 1")[0]["LastName"],
                   f"Paged {ROWS - 2:05}")
    report.at("GET /services/data/vNN.0/queryAll")
    report.answers("deleted rows too",
                   lambda: sf.query("SELECT COUNT() FROM Account WHERE IsDeleted = true", include_deleted=True)["totalSize"] > 0)


def judge_refusals(sf, report):
    """What SOQL does not understand, with the place."""
    report.at("GET /services/data/vNN.0/query")
    refused = lambda check, soql, *texts: report.refuses(check, SalesforceMalformedRequest, lambda: sf.query(soql), *texts,
                                                         status=400)
    refused("no keyword", "SELECT Id FORM Account", "MALFORMED_QUERY", "unexpected token: 'FORM'")
    refused("an unknown field", "SELECT Bacon__c FROM Account LIMIT 2", "INVALID_FIELD", "ERROR at Row:1:Column:8",
            "No such column 'Bacon__c' on entity 'Account'")
    refused("an unknown object", "SELECT Id FROM Bacon__c", "INVALID_TYPE", "sObject type 'Bacon__c' is not supported")
    refused("an unknown child relationship", "SELECT Id, (SELECT Id FROM Bacons) FROM Account", "INVALID_TYPE")
    refused("text without quotes", "SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD")
    refused("an open quote", "SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY")
    refused("nothing", "", "MALFORMED_QUERY")


def judge_limits(sf, report):
    """The daily allocation, twice."""
    report.at("GET /services/data/vNN.0/limits")
    limits = sf.limits()
    report.answers("each limit has what is left of it", lambda: [name for name, limit in limits.items()
                                                                 if limit["Remaining"] > limit["Max"]], [])
    report.answers("names that tools read",
                   lambda: {"DailyApiRequests", "DailyBulkApiBatches", "DailyBulkV2QueryJobs", "DataStorageMB",
                            "DailyDurableStreamingApiEvents", "HourlyPublishedPlatformEvents"} - set(limits), set())
    report.answers("every answer says what was used", lambda: 0 < sf.api_usage["api-usage"].used < sf.api_usage["api-usage"].total)
    report.refuses("a resource that is not there", SalesforceResourceNotFound, lambda: sf.restful("nonsense"), "NOT_FOUND",
                   status=404)
