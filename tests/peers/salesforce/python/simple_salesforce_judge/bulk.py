"""Bulk API 2.0: jobs that write CSV and jobs that read it."""
import csv
import io

from simple_salesforce.bulk2 import ColumnDelimiter, Operation
from simple_salesforce.exceptions import SalesforceError, SalesforceOperationError

EXTERNAL_ID = "OrgA_Id__c"
WAIT = 0.05


def rows(text):
    """A CSV text as dictionaries."""
    return list(csv.DictReader(io.StringIO(text)))


def judge(sf, report):
    """Ingest, then query."""
    judge_ingest(sf, report)
    judge_jobs(sf, report)
    judge_query(sf, report)


def judge_ingest(sf, report):
    """Each row has its own outcome; the job completes."""
    leads = sf.bulk2.Lead
    record = lambda number, **fields: {"LastName": f"Bulk {number}", "Company": "Acme, \"Ltd\"", EXTERNAL_ID: f"b{number}",
                                       **fields}
    report.at("POST /services/data/vNN.0/jobs/ingest")
    [job] = leads.upsert(records=[record(number, Email="") for number in range(300)], external_id_field=EXTERNAL_ID, wait=WAIT)
    report.answers("every row is written", lambda: (job["numberRecordsProcessed"], job["numberRecordsFailed"]), (300, 0))
    report.answers("quotes and commas arrive",
                   lambda: sf.query("SELECT Company FROM Lead WHERE LastName = 'Bulk 7'")["records"][0]["Company"],
                   'Acme, "Ltd"')
    [mixed] = leads.insert(records=[record(900), record(901, Email="wrong"), record(7)], wait=WAIT)
    report.answers("a job with refused rows completes",
                   lambda: (mixed["numberRecordsProcessed"], mixed["numberRecordsFailed"]), (3, 2))
    report.at("GET /services/data/vNN.0/jobs/ingest/{id}/successfulResults")
    report.answers("the row that was written",
                   lambda: [(row["sf__Created"], row["LastName"]) for row in rows(leads.get_successful_records(mixed["job_id"]))],
                   [("true", "Bulk 900")])
    report.at("GET /services/data/vNN.0/jobs/ingest/{id}/failedResults")
    failed = {row["LastName"]: row["sf__Error"] for row in rows(leads.get_failed_records(mixed["job_id"]))}
    report.answers("a refused row says why",
                   lambda: failed["Bulk 901"], "INVALID_EMAIL_ADDRESS:Email: invalid email address: wrong:Email --")
    report.answers("a row that another record forbids",
                   lambda: failed["Bulk 7"].startswith(f"DUPLICATE_VALUE:duplicate value found: {EXTERNAL_ID} duplicates"))
    report.at("GET /services/data/vNN.0/jobs/ingest/{id}/unprocessedRecords")
    report.answers("nothing was left out", lambda: rows(leads.get_unprocessed_records(mixed["job_id"])), [])

    report.at("POST /services/data/vNN.0/jobs/ingest")
    some = [row["Id"] for row in sf.query("SELECT Id FROM Lead WHERE LastName LIKE 'Bulk 1%' ORDER BY LastName LIMIT 2")["records"]]
    report.answers("an update; an empty cell changes nothing and #N/A empties",
                   lambda: (leads.update(records=[{"Id": some[0], "Company": "New", "FirstName": ""},
                                                  {"Id": some[1], "Company": "New", "FirstName": "#N/A"}], wait=WAIT)
                            [0]["numberRecordsFailed"], sf.Lead.get(some[1])["Company"]), (0, "New"))
    report.answers("a delete",
                   lambda: (leads.delete(records=[{"Id": some[0]}, {"Id": "00Q000000000000AAA"}], wait=WAIT)
                            [0]["numberRecordsFailed"]), 1)


def judge_jobs(sf, report):
    """The life of a job, step by step."""
    client = sf.bulk2.Contact._client
    report.at("POST /services/data/vNN.0/jobs/ingest")
    job = client.create_job(Operation.insert, column_delimiter=ColumnDelimiter.PIPE)
    report.answers("a job is open and says where its data goes",
                   lambda: (job["state"], job["contentUrl"], job["apiVersion"], job["columnDelimiter"]),
                   ("Open", f"services/data/v{sf.sf_version}/jobs/ingest/{job['id']}/batches", 60.0, "PIPE"))
    report.refuses("an unknown object", SalesforceError, lambda: sf.bulk2.Nonsense__c._client.create_job(Operation.insert),
                   "INVALIDENTITY", status=400)
    report.refuses("an upsert without a field", SalesforceError, lambda: client.create_job(Operation.upsert), "errorCode",
                   status=400)
    report.at("PUT /services/data/vNN.0/jobs/ingest/{id}/batches")
    report.answers("the data is taken", lambda: client.upload_job_data(job["id"], "LastName|FirstName\nPipe|P\n"), None)
    report.refuses("data for a job that is not there", SalesforceError,
                   lambda: client.upload_job_data("7505g00000AbCdEAAV", "LastName\nx\n"), "errorCode")
    report.at("PATCH /services/data/vNN.0/jobs/ingest/{id}")
    report.answers("the job is closed", lambda: client.close_job(job["id"])["state"], "UploadComplete")
    report.answers("and completes", lambda: client.wait_for_job(job["id"], False, WAIT), "JobComplete")
    report.refuses("a completed job cannot be aborted", SalesforceError, lambda: client.abort_job(job["id"], False),
                   "INVALIDJOBSTATE", status=400)
    other = client.create_job(Operation.insert)
    report.answers("an open one can", lambda: client.abort_job(other["id"], False)["state"], "Aborted")
    report.refuses("waiting for an aborted job", SalesforceOperationError,
                   lambda: client.wait_for_job(other["id"], False, WAIT), "Aborted")
    report.at("GET /services/data/vNN.0/jobs/ingest/{id}")
    report.refuses("a job that is not there", SalesforceError, lambda: client.get_job("7505g00000AbCdEAAV", False), "NOT_FOUND",
                   status=404)


def judge_query(sf, report):
    """Results in pages."""
    leads = sf.bulk2.Lead
    report.at("GET /services/data/vNN.0/jobs/query/{id}/results")
    soql = "SELECT Id, LastName, Account__c FROM Lead"
    pages = list(leads.query("SELECT Id, LastName, Company FROM Lead WHERE LastName LIKE 'Bulk 2%' ORDER BY LastName",
                             max_records=50, wait=WAIT))
    found = [row for page in pages for row in rows(page)]
    report.answers("all rows over several pages, the columns in the order asked for",
                   lambda: (len(found), len(pages), list(found[0])), (111, 3, ["Id", "LastName", "Company"]))
    report.answers("no rows is a header alone",
                   lambda: list(leads.query("SELECT Id FROM Lead WHERE LastName = 'nobody'", wait=WAIT))[0].strip(), '"Id"')
    report.answers("deleted rows with queryAll",
                   lambda: len(rows(list(leads.query_all("SELECT Id FROM Lead WHERE IsDeleted = true", wait=WAIT))[0])) > 0)
    report.at("POST /services/data/vNN.0/jobs/query")
    refused = lambda check, text: report.refuses(check, (SalesforceError, SalesforceOperationError),
                                                 lambda: list(leads.query(text, wait=WAIT)), "")
    refused("an unknown field", soql)
    refused("groups", "SELECT COUNT(Id), Company FROM Lead GROUP BY Company")
    refused("children", "SELECT Id, (SELECT Id FROM Contacts) FROM Account")
