"""A hub on this machine with one model: it answers as the real one does, or as it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c0ffee" * 6 + "abcd"
RESOLVE = f"/nobody/tiny/resolve/{COMMIT}/"
#: The header of a file of weights without any, 8 bytes for its length before it.
NO_WEIGHTS = (2).to_bytes(8, "little") + b"{}"


def weights(num_bytes: int, fill: bytes = b"\0") -> bytes:
    """A file of weights, with one tensor of so many bytes."""
    tensor = {"x": {"dtype": "U8", "shape": [num_bytes], "data_offsets": [0, num_bytes]}}
    head = json.dumps(tensor).encode()
    return len(head).to_bytes(8, "little") + head + fill * num_bytes


#: More than the library reads at once.
WEIGHTS = weights(25_000_000)
CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 8,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "b": 2}, "unk_token": "<unk>"},
    "pre_tokenizer": {"type": "Whitespace"},
    "normalizer": None,
    "post_processor": None,
    "decoder": None,
}
TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "unk_token": "<unk>",
    "chat_template": TEMPLATE,
}


def small_files(
    config: dict[str, Any] | None = None, tokenizer: dict[str, Any] | None = None
) -> dict[str, bytes]:
    """The files of a tiny chat model without its weights, with fields changed."""
    return {
        "config.json": json.dumps(CONFIG | (config or {})).encode(),
        "tokenizer.json": json.dumps(TOKENIZER).encode(),
        "tokenizer_config.json": json.dumps(TOKENIZER_CONFIG | (tokenizer or {})).encode(),
    }


def repository() -> dict[str, bytes]:
    """A whole model, and what lies beside one."""
    return small_files() | {
        "model.safetensors": WEIGHTS,
        "consolidated.safetensors": b"the same once more",
        "modeling_tiny.py": b"raise SystemExit",
        "onnx/config.json": b"{}",
        "pytorch_model.bin": b"a pickle",
    }


@dataclass
class HubTwin:
    """What the hub has, what it says, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=repository)
    #: Content that is sent in place of a file's own, by name.
    sent: dict[str, bytes] = field(default_factory=dict)
    #: The size it claims of files that are not as long as that.
    claimed: dict[str, int] = field(default_factory=dict)
    #: Its answer to everything, if it has none of its own: status, headers, body.
    refusal: tuple[int, dict[str, str], bytes] | None = None
    #: Begin of the paths that the refusal is for.
    refused: str = ""
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    #: Half of a long file is sent before somebody sets this.
    go_on: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def fetched(self) -> list[str]:
        """Names of the files whose content was asked for."""
        begin = f"GET {RESOLVE}"
        return [line.removeprefix(begin) for line in self.asked if line.startswith(begin)]

    def listed(self, name: str) -> dict[str, object]:
        """A file as lists of the hub have it: large ones in LFS."""
        body = self.files[name]
        size = self.claimed.get(name, len(body))
        git = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        sha256 = hashlib.sha256(body).hexdigest()
        lfs = {"sha256": sha256, "oid": sha256, "size": size, "pointerSize": 134}
        large = {"lfs": lfs} if name.endswith((".safetensors", ".bin")) else {}
        return {"size": size, "blobId": git, "oid": git, "rfilename": name, "path": name} | large


@contextmanager
def hub_twin() -> Iterator[HubTwin]:
    """The hub, while the block runs."""
    hub = HubTwin()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = self.path.partition("?")[0]
            hub.asked.append(f"{self.command} {path}")
            hub.tokens.add(self.headers.get("Authorization"))
            if hub.refusal and path.startswith(hub.refused):
                status, headers, body = hub.refusal
                self._send(status, headers, body, len(body), with_body=with_body)
                return
            name = path.removeprefix(RESOLVE)
            if name != path:
                listed = hub.listed(name)
                lfs = listed.get("lfs")
                etag = lfs["sha256"] if isinstance(lfs, dict) else listed["oid"]
                headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
                body = hub.sent.get(name, hub.files[name])
                size = hub.claimed.get(name, len(body))
                self._send(200, headers, body, size, with_body=with_body)
                return
            if "/tree/" in path:
                content: object = [{"type": "file"} | hub.listed(name) for name in hub.files]
            else:
                siblings = [hub.listed(name) for name in hub.files]
                content = {"id": "nobody/tiny", "sha": COMMIT, "siblings": siblings}
            body = json.dumps(content).encode()
            headers = {"Content-Type": "application/json"}
            self._send(200, headers, body, len(body), with_body=with_body)

        def _send(
            self, status: int, headers: dict[str, str], body: bytes, size: int, *, with_body: bool
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            if not with_body:
                return
            with suppress(ConnectionError):  # a download that was stopped
                self.wfile.write(body[: len(body) // 2])
                if len(body) >= len(WEIGHTS):
                    hub.go_on.wait(60)
                self.wfile.write(body[len(body) // 2 :])

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        hub.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
