"""A receiver of callbacks that keeps what it got and answers as it is told."""

import http.server
import threading


class Receiver(http.server.ThreadingHTTPServer):
    """A helpdesk that keeps what it got and answers as it is told."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got = []
        self.responses = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        status, headers = self.server.responses.pop(0) if self.server.responses else (204, {})
        if status is None:  # reset
            self.connection.close()
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(b"thanks" * 2000)

    def log_message(self, *_arguments):
        pass
