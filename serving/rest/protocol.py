"""HTTP/1.1 connections that nobody can hold open for nothing."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_TIMEOUT_S = 10  # from the first byte of a request, or from the connection
MAX_HEADER_BYTES = 64 * 1024


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience: with slow and endless headers."""

    _timer = None
    _header_bytes = 0

    def connection_made(self, transport):
        """Starts the time for the first headers."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data):
        """Reads on, unless headers never end."""
        self._header_bytes += len(data)
        super().data_received(data)
        if self._timer and self._header_bytes > MAX_HEADER_BYTES:
            self.send_400_response("Headers are too long.")

    def on_message_begin(self):
        """Starts the time for the headers of one more request."""
        super().on_message_begin()
        if not self._timer:
            self._expect_headers()

    def on_headers_complete(self):
        """Ends the time for headers."""
        self._stop_timer()
        super().on_headers_complete()

    def connection_lost(self, exc):
        """Ends the time for headers."""
        self._stop_timer()
        super().connection_lost(exc)

    def _expect_headers(self):
        self._header_bytes = 0
        self._timer = self.loop.call_later(HEADER_TIMEOUT_S, self.transport.close)

    def _stop_timer(self):
        if self._timer:
            self._timer.cancel()
            self._timer = None
