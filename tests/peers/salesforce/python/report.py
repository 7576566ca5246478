"""What a client found at the org: one JSON line for each check, an exit status for all.

A check belongs to an endpoint (method and path, as the documentation's table shows it) and is about an answer or about
a refusal. It never stops the run: the next checks say more than the first failure alone.
"""
import json
import sys
import traceback


class Report:
    """Prints checks as they are made."""

    def __init__(self):
        self.failed = 0
        self.endpoint = None

    def at(self, endpoint):
        """The checks that follow are about this endpoint."""
        self.endpoint = endpoint
        return self

    def answers(self, check, work, expected=True):
        """`work` gives `expected`; without it, something true."""

        def answered():
            found = work() if callable(work) else work
            fits = bool(found) if expected is True else found == expected
            return None if fits else f"{found!r} in place of {expected!r}"

        self._run("answer", check, answered)

    def refuses(self, check, error, work, *texts, status=None):
        """`work` raises `error`, in whose text all of `texts` are, with this HTTP status."""

        def refused():
            try:
                done = work()
            except error as raised:
                said = f"{raised} {getattr(raised, 'content', '')}"
                missing = [text for text in texts if text not in said]
                if missing:
                    return f"{missing} is not in: {said}"
                if status is not None and raised.status != status:
                    return f"status {raised.status}: {said}"
                return None
            return f"not refused: {done!r}"

        self._run("error", check, refused)

    def _run(self, kind, check, work):
        try:
            detail = work()
        except Exception as raised:  # A client may raise anything; what it raised is the finding.
            where = traceback.extract_tb(raised.__traceback__)[-1]
            detail = f"{type(raised).__name__}: {raised} ({where.filename}:{where.lineno})"
        line = {"endpoint": self.endpoint, "kind": kind, "check": check, "ok": detail is None}
        if detail is not None:
            self.failed += 1
            line["detail"] = detail[:2000]
        print(json.dumps(line), flush=True)

    def done(self):
        """Ends the process: 1 when a check failed."""
        sys.exit(1 if self.failed else 0)
