"""A TLS server in front of an HTTP server, for the tests of clients that have to log in. Standard library only.

    tls_proxy.py --upstream URL --certificates DIR [--mutual] [--authorization VALUE]

Prints {"url":…} when it serves, and ends when its standard input closes. With --mutual it asks for a client's
certificate, signed by other-ca.pem; with --authorization it answers 401, as a proxy does, unless a request has this header. DIR is made by
kafka/certificates.sh.
"""

import argparse
import http.client
import http.server
import json
import ssl
import sys
import threading
import urllib.parse

arguments = argparse.ArgumentParser()
arguments.add_argument("--upstream", required=True)
arguments.add_argument("--certificates", required=True)
arguments.add_argument("--mutual", action="store_true")
arguments.add_argument("--authorization")
options = arguments.parse_args()
upstream = urllib.parse.urlsplit(options.upstream)


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if options.authorization not in (None, self.headers.get("authorization")):
            return self.answer(401, "text/html", b"<h1>who are you?</h1>")
        connection = http.client.HTTPConnection(upstream.hostname, upstream.port)
        kept = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "content-type")}
        connection.request(self.command, self.path, body or None, kept)
        answer = connection.getresponse()
        self.answer(answer.status, answer.headers.get("content-type", ""), answer.read())
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{options.certificates}/broker.pem")
if options.mutual:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(f"{options.certificates}/other-ca.pem")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
# A client that is turned away is what the tests ask for.
server.handle_error = lambda *_: None
server.daemon_threads = True
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"url": f"https://127.0.0.1:{server.server_port}"}), flush=True)
sys.stdin.read()
