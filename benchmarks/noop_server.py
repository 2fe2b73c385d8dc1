"""A gRPC server that does nothing: the least that any server here can cost.

    python -m benchmarks.noop_server answer.bin

Answers Predict with the bytes of a file, unread and unparsed. The first line on stdout
says where it listens.
"""

import pathlib
import sys
from concurrent import futures

import grpc

from benchmarks.server_load import METHOD


def main():
    answer = pathlib.Path(sys.argv[1]).read_bytes()
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: answer)
    service, name = METHOD.strip("/").split("/")
    server = grpc.server(futures.ThreadPoolExecutor(256))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {name: handler})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"Running no-op server at 127.0.0.1:{port} ...", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
