"""Many records in one call: collections, composite, batch."""
from simple_salesforce.exceptions import SalesforceMalformedRequest

EXTERNAL_ID = "OrgA_Id__c"


def judge(sf, report):
    """Collections and composite."""
    judge_collections(sf, report)
    judge_composite(sf, report)


def of(kind, **fields):
    """A record of a collection."""
    return {"attributes": {"type": kind}, **fields}


def judge_collections(sf, report):
    """200 records a call, each with its own result."""
    call = lambda method, path="", **body: sf.restful(f"composite/sobjects{path}", method=method, json=body)
    report.at("POST /services/data/vNN.0/composite/sobjects")
    mixed = call("POST", allOrNone=False, records=[of("Account", Name="One"), of("Account"), of("Contact", LastName="Two")])
    report.answers("results in the order of the request", lambda: [row["success"] for row in mixed], [True, False, True])
    report.answers("a refused record has a status code and no id",
                   lambda: (mixed[1]["errors"][0]["statusCode"], mixed[1]["errors"][0]["fields"], "id" in mixed[1]),
                   ("REQUIRED_FIELD_MISSING", ["Name"], False))
    together = call("POST", allOrNone=True, records=[of("Account", Name="Never"), of("Account")])
    report.answers("all or none: the others are rolled back",
                   lambda: (together[0]["errors"][0]["statusCode"], together[1]["errors"][0]["statusCode"]),
                   ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"))
    report.answers("and not there", lambda: sf.query("SELECT COUNT() FROM Account WHERE Name = 'Never'")["totalSize"], 0)
    report.refuses("more than 200", SalesforceMalformedRequest,
                   lambda: call("POST", records=[of("Account", Name="x")] * 201), "EXCEEDED_ID_LIMIT",
                   "cannot submit more than 200 records", status=400)
    ids = [row["id"] for row in mixed if row["success"]]

    report.at("PATCH /services/data/vNN.0/composite/sobjects")
    changed = call("PATCH", records=[of("Account", id=ids[0], Phone="7"), of("Contact", Id=ids[1], Email="wrong")])
    report.answers("a refused change keeps its id",
                   lambda: (changed[0]["success"], changed[1]["id"], changed[1]["errors"][0]["statusCode"]),
                   (True, ids[1], "INVALID_EMAIL_ADDRESS"))

    report.at("PATCH /services/data/vNN.0/composite/sobjects/{object}/{field}")
    upsert = lambda *rows: call("PATCH", f"/Lead/{EXTERNAL_ID}", records=list(rows))
    lead = lambda key, **fields: of("Lead", LastName="Many", Company="Acme", **{EXTERNAL_ID: key}, **fields)
    report.answers("new records are created", lambda: [row["created"] for row in upsert(lead("u1"), lead("u2"))], [True, True])
    report.answers("known ones changed",
                   lambda: [row["created"] for row in upsert(lead("u1", FirstName="B"), lead("u3"))], [False, True])
    report.answers("a missing name is that record's own error",
                   lambda: [row["errors"][0]["statusCode"] if row["errors"] else None
                            for row in upsert(of("Lead", **{EXTERNAL_ID: "u9"}), lead("u4"))], ["REQUIRED_FIELD_MISSING", None])

    report.at("POST /services/data/vNN.0/composite/sobjects/{object}")
    read = call("POST", "/Account", ids=[ids[0], "001000000000000AAA"], fields=["Id", "Phone"])
    report.answers("read in order, null for what is not there", lambda: (read[0]["Phone"], read[1]), ("7", None))
    report.refuses("an unknown field", SalesforceMalformedRequest,
                   lambda: call("POST", "/Account", ids=[ids[0]], fields=["Nonsense__c"]), "INVALID_FIELD", status=400)

    report.at("DELETE /services/data/vNN.0/composite/sobjects")
    gone = sf.restful("composite/sobjects", method="DELETE", params={"ids": f"{ids[0]},{ids[0]},001000000000000AAA",
                                                                     "allOrNone": "false"})
    report.answers("each id has its result", lambda: [row["success"] for row in gone], [True, False, False])
    report.answers("deleted already", lambda: gone[1]["errors"][0]["statusCode"], "ENTITY_IS_DELETED")


def judge_composite(sf, report):
    """Steps that refer to earlier ones."""
    base = f"/services/data/v{sf.sf_version}"
    step = lambda name, method, path, body=None: {"method": method, "url": base + path, "referenceId": name,
                                                  **({} if body is None else {"body": body})}
    run = lambda *steps, **options: sf.restful("composite", method="POST",
                                               json={"compositeRequest": list(steps), **options})["compositeResponse"]
    report.at("POST /services/data/vNN.0/composite")
    done = run(step("parent", "POST", "/sobjects/Account", {"Name": "Composite"}),
               step("child", "POST", "/sobjects/Contact", {"LastName": "Step", "AccountId": "@{parent.id}"}),
               step("read", "GET", "/sobjects/Contact/@{child.id}?fields=AccountId"))
    report.answers("each step has its status", lambda: [row["httpStatusCode"] for row in done], [201, 201, 200])
    report.answers("a reference is the id made before", lambda: done[2]["body"]["AccountId"], done[0]["body"]["id"])
    broken = run(step("parent", "POST", "/sobjects/Account", {}),
                 step("child", "POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{parent.id}"}))
    report.answers("a step behind a failed one is not run",
                   lambda: [row["body"][0]["errorCode"] for row in broken], ["REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"])
    rolled = run(step("good", "POST", "/sobjects/Account", {"Name": "Rolled back"}),
                 step("bad", "POST", "/sobjects/Account", {}), allOrNone=True)
    report.answers("all or none: the good step is rolled back", lambda: rolled[0]["body"][0]["errorCode"], "PROCESSING_HALTED")
    report.answers("and its record not there",
                   lambda: sf.query("SELECT COUNT() FROM Account WHERE Name = 'Rolled back'")["totalSize"], 0)
    report.answers("more than 25 steps are one refusal",
                   lambda: [(row["httpStatusCode"], row["body"][0]["errorCode"])
                            for row in run(*[step(f"s{n}", "GET", "/limits") for n in range(26)])], [(400, "LIMIT_EXCEEDED")])

    report.at("POST /services/data/vNN.0/composite/batch")
    batch = lambda *steps, **options: sf.restful("composite/batch", method="POST",
                                                 json={"batchRequests": list(steps), **options})
    part = lambda path: {"method": "GET", "url": f"v{sf.sf_version}/{path}"}
    report.answers("steps that know nothing of each other",
                   lambda: [row["statusCode"] for row in batch(part("sobjects/Account/001000000000000AAA"),
                                                               part("limits"))["results"]], [404, 200])
    report.answers("halted at the first error",
                   lambda: batch(part("sobjects/Account/001000000000000AAA"), part("limits"),
                                 haltOnError=True)["results"][1]["result"][0]["errorCode"], "BATCH_PROCESSING_HALTED")
