# SPDX-License-Identifier: MIT
"""TLS in front of a plain server, in the ways that can be wrong.

    with TlsFront(server.port, certificates) as front:
        front.serve("server")        a right certificate
        front.serve("expired")       see certificates.py for these
        front.serve("server", old=True)   TLS 1.1 at most
        front.serve(None)            no TLS at all

serve() cuts whoever is connected; the port stays.
"""

import asyncio
import ssl
import threading


class TlsFront:
    def __init__(self, target, certificates):
        self.target, self.certificates = target, certificates
        self.loop = asyncio.new_event_loop()
        self.server, self.port, self.accepted = None, 0, 0
        self.writers = set()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.serve("server")

    def serve(self, name, old=False):
        context = None
        if name:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            base = self.certificates / name
            context.load_cert_chain(f"{base}.pem", f"{base}.key")
        if old:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        asyncio.run_coroutine_threadsafe(self._serve(context),
                                         self.loop).result(10)

    async def _serve(self, context):
        if self.server:
            self.server.close()
        self._cut()
        self.server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=context,
            reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    def _cut(self):
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    async def _accept(self, reader, writer):
        self.accepted += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self.writers |= pair
        await asyncio.gather(self._copy(reader, far_writer),
                             self._copy(far_reader, writer))
        self.writers -= pair

    @staticmethod
    async def _copy(reader, writer):
        try:
            while data := await reader.read(16384):
                writer.write(data)
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass  # cut on one side: cut on the other
        writer.transport.abort()

    def close(self):
        async def end():
            self.server.close()
            self._cut()
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.close()
