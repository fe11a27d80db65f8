"""A judge that is asked over a network, and servers that misbehave in every way."""

import json
import os
import pickle
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from modelcollapse.errors import InputError, Missing, StoreError
from modelcollapse.protocols import Verifier
from modelcollapse.verifiers.judge import desk
from modelcollapse.verifiers.judge.answers import Reading, Unreadable
from modelcollapse.verifiers.judge.cache import Answers
from modelcollapse.verifiers.judge.server import Reply
from modelcollapse.verifiers.judge.verifier import Judge

KEY = "sk-a-very-secret-key"


class Script:
    """What a server does: for each text the steps that it goes through, the last one for ever.

    A number is a grade; other steps are named below. Texts without a script get their length.
    """

    def __init__(self, steps):
        self.steps = steps
        self.lock = threading.Lock()
        self.calls = Counter()  # by text
        self.requests, self.keys, self.times = [], [], []
        self.now = self.most = 0
        self.delay = 0.0
        self.usage = 7

    @property
    def total(self):
        return sum(self.calls.values())

    def begin(self, body, key):
        text = body["messages"][0]["content"].split("<<")[1].split(">>")[0]
        with self.lock:
            turn = self.calls[text]
            self.calls[text] += 1
            self.requests.append(body)
            self.keys.append(key)
            self.times.append(time.monotonic())
            self.now += 1
            self.most = max(self.most, self.now)
        steps = self.steps.get(text, [len(text)])
        return steps[min(turn, len(steps) - 1)]

    def end(self):
        with self.lock:
            self.now -= 1


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        script = self.server.script
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        step = script.begin(body, self.headers.get("authorization"))
        time.sleep(script.delay)
        script.end()  # before the answer, upon which the caller may send the next
        try:
            if self.path != "/v1/chat/completions":
                step = 404
            self.act(script, step)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def act(self, script, step):
        if isinstance(step, tuple) and step[0] == "slow":
            time.sleep(step[1])
            step = 5
        if step == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if step == "half":
            self.reply(200, b'{"choices": [{"message": {"cont')
        elif step == "short":  # fewer bytes than promised
            self.reply(200, b'{"choices": [', length=500)
        elif step == "trickle":
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            for _ in range(60):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
        elif step == "page":
            self.reply(200, b"<html>Welcome</html>", kind="text/html")
        elif step == "empty":
            self.answer(None, finish="length")
        elif step == "error object":
            self.reply(200, json.dumps({"error": {"message": "model is sad"}}).encode())
        elif isinstance(step, tuple):
            status, message, headers = step
            body = json.dumps({"error": {"message": message, "code": "a_code"}}).encode()
            self.reply(status, body, headers=headers)
        elif isinstance(step, int) and step >= 100:
            self.reply(step, json.dumps({"error": {"message": "no"}}).encode())
        else:
            self.answer(step if isinstance(step, str) else str(step))

    def answer(self, content, finish="stop"):
        script = self.server.script
        found = {
            "choices": [
                {"message": {"role": "assistant", "content": content}, "finish_reason": finish}
            ]
        }
        if script.usage is not None:
            found["usage"] = {"total_tokens": script.usage}
        self.reply(200, json.dumps(found).encode())

    def reply(self, status, body, *, length=None, kind="application/json", headers=()):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(length or len(body)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(steps=None):
    script = Script(steps or {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.script = True, script
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(desk, "_FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def judge(script, **fields):
    given = {"model": "m", "prompt": "Grade <<{text}>> from {low} to {high}.", **fields}
    return Judge(base_url=script.url, **given)


def scores(script, texts, **fields):
    return judge(script, **fields).score({"text": texts})


# --- the main path --------------------------------------------------------------------------


def test_grades_come_back_in_order_with_the_answers_beside():
    with serving({"b": ["Score: 9/10"], "c": ["<think>it is 3?</think>\n\n**2**"]}) as script:
        found = scores(script, ["aaaa", "b", "c", "b"])
        assert script.total == 3  # equal records are asked about once
        assert script.requests[0] == {
            "model": "m",
            "temperature": 0.0,
            "max_tokens": 256,
            "messages": [{"role": "user", "content": script.requests[0]["messages"][0]["content"]}],
        }
    assert found.scores.tolist() == [4, 9, 2, 9]
    assert found.failures == {}
    assert found.details["answer"][1] == "Score: 9/10"


def test_a_judge_is_a_verifier_that_can_be_sent_to_other_processes():
    one = Judge("m", prompt="{question}? {text} {{sic}} {question}", label="mine")
    assert isinstance(one, Verifier)
    assert (one.name, one.columns) == ("mine", ("question", "text"))
    assert Judge("m").name == "judge"
    assert Judge("m").columns == ("text",)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one._template.fill({"question": "{low}", "text": {"a": 1}}) == (
        '{low}? {"a": 1} {sic} {low}'  # braces of a record are left alone
    )


def test_scores_depend_on_neither_batches_nor_order():
    texts = ["x" * n for n in (5, 3, 9, 1, 7, 2)]
    with serving({"xxx": ["what?"]}) as script:
        whole = scores(script, texts)
        back = scores(script, texts[::-1])
        parts = [scores(script, texts[i : i + 1]).scores[0] for i in range(6)]
    np.testing.assert_array_equal(whole.scores, back.scores[::-1])
    np.testing.assert_array_equal(whole.scores, parts)
    assert whole.failures[1] == back.failures[4]


def test_no_more_calls_at_a_time_than_allowed_and_no_fewer():
    with serving() as script:
        script.delay = 0.05
        found = scores(script, ["x" * n for n in range(1, 10)] * 2, max_concurrent=3)
        assert script.most == 3
        assert script.total == 9
        assert found.scores.tolist() == [*range(1, 10)] * 2
        script.most = 0
        scores(script, ["x", "y", "z"], max_concurrent=1)
        assert script.most == 1


def test_nothing_to_judge_needs_no_server():
    found = Judge("m", base_url="http://127.0.0.1:9/v1").score({"text": [None, float("nan")]})
    assert np.isnan(found.scores).all()
    assert set(found.failures.values()) == {"there is nothing in 'text'"}
    assert Judge("m").score({"text": []}).scores.shape == (0,)


def test_settings_reach_the_server(monkeypatch):
    monkeypatch.setenv("MY_KEY", f"{KEY}\n")
    with serving() as script:
        scores(
            script, ["a"], temperature=None, max_tokens=None,
            options={"max_completion_tokens": 5, "seed": 1}, api_key_env="MY_KEY",
        )  # fmt: skip
        sent = {name: value for name, value in script.requests[0].items() if name != "messages"}
        assert sent == {"model": "m", "max_completion_tokens": 5, "seed": 1}
        assert script.keys == [f"Bearer {KEY}"]
        scores(script, ["a"])
        assert script.keys[1] is None


# --- failures that pass ---------------------------------------------------------------------


def patience(step):
    """Short where a reply takes too long, and ample where a busy machine might be slow."""
    return 0.7 if step in (("slow", 2.0), "trickle") else 30.0


@pytest.mark.parametrize(
    "step", [500, 503, 429, 408, "drop", "half", "short", ("slow", 2.0), "trickle"], ids=str
)
def test_what_may_pass_is_tried_again(step):
    with serving({"a": [step, step, 8]}) as script:
        found = scores(script, ["a", "bb"], timeout=patience(step))
        assert script.calls == {"a": 3, "bb": 1}
    assert found.scores.tolist() == [8, 2]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (500, "HTTP 500: no"),
        (("slow", 2.0), "did not answer within 0.7 s"),
        ("trickle", "did not answer within 0.7 s"),
        ("drop", "the connection broke off"),
        ("half", "the reply is no whole JSON"),
    ],
    ids=str,
)
def test_what_does_not_pass_costs_one_record(step, says):
    with serving({"a": [step]}) as script:
        found = scores(script, ["a", "bb"], retries=1, timeout=patience(step))
        assert script.calls == {"a": 2, "bb": 1}
    np.testing.assert_array_equal(found.scores, [np.nan, 2])
    assert list(found.failures) == [0]
    assert says in found.failures[0]


@pytest.mark.parametrize("wait", ["0.4", "date"])
def test_a_server_that_asks_to_wait_is_left_alone(wait, monkeypatch):
    seconds = 0.4
    if wait == "date":  # whole seconds
        wait = formatdate(int(time.time()) + 2, usegmt=True)
    with serving({"a": [(429, "slow down", {"Retry-After": wait}), 8]}) as script:
        found = scores(script, ["a", "bb", "ccc"], max_concurrent=1)
        assert found.scores.tolist() == [8, 2, 3]
        assert script.times[1] - script.times[0] >= seconds
    monkeypatch.setattr(desk, "_PATIENCE", 0.1)
    with (
        serving({"a": [(429, "slow down", {"Retry-After": "30"})]}) as script,
        pytest.raises(InputError, match=r"asks to wait for 30 seconds .*slow down.* Run again"),
    ):
        scores(script, ["a", "bb"])


def test_all_calls_wait_when_one_is_asked_to():
    first = (429, "slow down", {"Retry-After": "0.5"})
    with serving({"a": [first, 8]}) as script:
        script.delay = 0.02
        scores(script, ["a", *("x" * n for n in range(1, 9))], max_concurrent=2)
        early = [t for t in script.times if t < script.times[0] + 0.45]
        assert len(early) <= 4  # those that were under way


def test_a_server_that_fails_on_and_on_ends_the_run():
    with serving({f"t{i}": [500] for i in range(50)}) as script:
        with pytest.raises(InputError, match="has failed 6 records on end, the last so: HTTP 500"):
            scores(script, [f"t{i}" for i in range(50)], max_concurrent=2, retries=1)
        assert script.total < 20
    steps = {f"t{i}": [500 if i % 3 else 7] for i in range(50)}
    with serving(steps) as script:
        found = scores(script, [f"t{i}" for i in range(50)], max_concurrent=2, retries=0)
        assert np.isfinite(found.scores).sum() == 17


# --- nonsense -------------------------------------------------------------------------------


def test_nonsense_is_asked_once_more_and_then_quoted():
    with serving({"a": ["I cannot say.", 6], "b": ["maybe 3 or 4"], "c": ["empty"]}) as script:
        found = scores(script, ["a", "b", "c", "dddd"])
        assert script.calls == {"a": 2, "b": 2, "c": 2, "dddd": 1}
        again = [r["messages"][0]["content"] for r in script.requests]
        assert sum("Answer with one number from 1 to 10" in text for text in again) == 3
    np.testing.assert_array_equal(found.scores, [6, np.nan, np.nan, 4])
    assert found.failures == {
        1: "the judge's answer holds several numbers: 'maybe 3 or 4'",
        2: "the judge's answer is empty and was cut off at max_tokens: ''",
    }
    assert found.details["answer"] == ["6", "maybe 3 or 4", "", "4"]


@pytest.mark.parametrize(
    ("answer", "grade"),
    [
        ("7", 7), (" 7.5\n", 7.5), ("**7**", 7), ("Score: 7", 7), ("7/10", 7), ("7 out of 10", 7),
        ("My rating is 7.", 7), ('{"score": 7, "confidence": 3}', 7), ("Yes.", 10), ("no", 1),
        ("Two facts of 3 hold. Grade: 7", 7), ("7 (seven), so 7", 7), ("７", 7),
        ("<think>10</think>7", 7), ("of 10 words, score **4**/10", 4),
    ],
)  # fmt: skip
def test_grades_are_read(answer, grade):
    assert Reading((1, 10)).grade(answer) == grade


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "is empty"), ("none", "holds no number"), ("7 or 8", "several numbers"),
        ("score 7, rating 8", "several numbers"), ("11", "grade 11, outside of 1 to 10"),
        ("-3", "grade -3"), ("<think>7", "ends before"), ("7/5", "several numbers"),
        ("4-5", "several numbers"), ("7,5", "several numbers"), ("10th", "no number"),
    ],
)  # fmt: skip
def test_nonsense_is_not_read(answer, why):
    with pytest.raises(Unreadable, match=why):
        Reading((1, 10)).grade(answer)


def test_grades_in_a_pattern_or_in_json():
    pattern = Reading((0, 1), pattern=r"\[\[(.*?)\]\]")
    assert pattern.grade("first [[0]], no: [[yes]] 7") == 1
    assert Reading((1, 5), pattern=r"\d").grade("1 then 5") == 5
    with pytest.raises(Unreadable, match="does not match"):
        pattern.grade("1")
    with pytest.raises(Unreadable, match="'many' for a grade"):
        pattern.grade("[[many]]")
    field = Reading((0, 10), json_field="grade")
    assert field.grade('```json\n{"why": "{odd}", "grade": "3"}\n```') == 3
    assert field.grade('{"grade": 1} so {"grade": true}') == 10
    for answer, why in {
        '{"grade": 3': "no whole JSON",
        "3": "no whole JSON",
        '{"score": 3}': "no field 'grade'",
        '{"grade": null}': "'none' for a grade",
        '{"grade": NaN}': "grade nan, outside",
    }.items():
        with pytest.raises(Unreadable, match=why):
            field.grade(answer)
    assert "JSON object" in field.reminder
    assert "form asked for" in pattern.reminder


# --- failures that do not pass --------------------------------------------------------------


def test_nobody_there(tmp_path):
    with socket.socket() as taken:  # bound and not listening: refused at once
        taken.bind(("127.0.0.1", 0))
        one = Judge("m", base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1", retries=9)
        with pytest.raises(InputError, match=r"no server takes calls .*refused.* give its address"):
            one.score({"text": ["a"] * 3})
    one = Judge("m", base_url="http://no-such-host.invalid/v1", cache=str(tmp_path))
    with pytest.raises(InputError, match=f"kept in {tmp_path}"):
        one.score({"text": ["a"]})


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ((401, f"Incorrect API key: {KEY}", {}), r"refuses the key \(HTTP 401: a_code: Incorrect"),
        (403, "refuses the key .*Put a valid one into the environment variable OPENAI_API_KEY"),
        (404, "no model 'm' to talk to .*usually ends in /v1"),
        (307, "no model 'm' to talk to"),
        ("page", "answers with text/html, not JSON"),
        ((429, "insufficient_quota", {}), "no credit left"),
    ],
    ids=str,
)
def test_what_no_call_survives_ends_the_run(step, says, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    texts = ["a", "bb", *("x" * n for n in range(3, 30))]
    with serving({"bb": [step]}) as script:
        with pytest.raises(InputError, match=says) as caught:
            scores(script, texts, cache=str(tmp_path), max_concurrent=1)
        assert KEY not in str(caught.value)
        assert script.calls["bb"] == 1
        assert script.total == 2  # the others were not even asked
        with pytest.raises(InputError):
            scores(script, texts, cache=str(tmp_path), max_concurrent=1)
        assert script.calls["a"] == 1  # its answer was kept
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()


def test_a_missing_key_is_asked_for():
    with (
        serving({"a": [401]}) as script,
        pytest.raises(InputError, match=r"wants a key .*environment variable OPENAI_API_KEY"),
    ):
        scores(script, ["a"])


def test_a_refused_record_takes_no_other_along():
    steps = {"a": [(400, "maximum context length is 10 tokens", {})], "b": ["error object"]}
    with serving(steps) as script:
        found = scores(script, ["a", "b", "ccc"])
        assert script.calls == {"a": 1, "b": 1, "ccc": 1}
    assert found.failures == {
        0: "the server refuses the request (HTTP 400: a_code: maximum context length is 10 tokens)",
        1: "the server replied: model is sad",
    }
    assert found.scores[2] == 3


def test_a_column_that_is_missing():
    with pytest.raises(InputError, match="Judge reads the column 'text'"):
        Judge("m").score({"texts": ["a"]})


# --- what is kept ---------------------------------------------------------------------------


def test_nothing_is_asked_twice(tmp_path):
    with serving({"b": ["what?"]}) as script:
        kept = {"cache": str(tmp_path / "kept")}
        first = scores(script, ["aaa", "b"], **kept)
        calls = script.total
        second = scores(script, ["b", "aaa", "cc"], **kept)
        assert script.total == calls + 1
        np.testing.assert_array_equal(second.scores, [np.nan, 3, 2])
        assert second.failures[0] == first.failures[1]
        # another setting of the request is another question; how calls are made is none
        scores(script, ["aaa"], max_concurrent=2, retries=0, timeout=9.0, label="x", **kept)
        assert script.total == calls + 1
        for other in (
            {"temperature": 0.5}, {"max_tokens": 9}, {"options": {"seed": 1}}, {"model": "n"},
            {"prompt": "Grade <<{text}>>"}, {"scale": (0, 10)},
        ):  # fmt: skip
            before = script.total
            scores(script, ["aaa"], **kept, **other)
            assert script.total == before + 1, other
        # how an answer is read does not change it
        scores(script, ["aaa"], pattern=r"\d", **kept)
        assert script.total == before + 1


def test_answers_outlive_a_kill(tmp_path):
    code = f"""
        from modelcollapse.verifiers.judge.verifier import Judge
        import sys
        judge = Judge("m", base_url=sys.argv[1], prompt="<<{{text}}>>", cache={str(tmp_path)!r},
                      max_concurrent=2)
        judge.score({{"text": ["x" * n for n in range(1, 11)] * 2}})
    """
    with serving({"x" * n: [n] for n in range(7, 11)}) as script:
        script.delay = 0.1
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), script.url])
        while script.total < 6:
            assert child.poll() is None
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        script.delay, asked = 0.0, Counter(script.calls)
        with Answers(tmp_path) as answers:
            kept, (calls, _) = answers._rows("SELECT count(*) FROM answers")[0][0], answers.spent
        assert kept >= sum(asked.values()) - 2  # all but those under way
        assert kept <= calls <= sum(asked.values()) + 2
        found = scores(script, ["x" * n for n in range(1, 11)], prompt="<<{text}>>",
                       cache=str(tmp_path))  # fmt: skip
        assert found.scores.tolist() == list(range(1, 11))
        assert script.total == sum(asked.values()) + 10 - kept
        assert max(script.calls.values()) <= 2


def test_a_damaged_cache_is_named(tmp_path):
    (tmp_path / "answers.sqlite").write_bytes(b"something else" * 100)
    with serving() as script, pytest.raises(StoreError, match=r"answers\.sqlite.*delete it"):
        scores(script, ["a"], cache=str(tmp_path))
    (tmp_path / "file").write_text("")
    with serving() as script, pytest.raises(StoreError, match="cannot be read or written"):
        scores(script, ["a"], cache=str(tmp_path / "file"))
    (tmp_path / "new").mkdir()
    other = sqlite3.connect(tmp_path / "new" / "answers.sqlite")
    other.execute("PRAGMA user_version = 9")
    other.close()
    with serving() as script, pytest.raises(StoreError, match="format 9"):
        scores(script, ["a"], cache=str(tmp_path / "new"))


def test_odd_characters_survive(tmp_path):
    with serving({"é\ud800": ["7 ok \ud83d"]}) as script:
        for _ in range(2):
            found = scores(script, ["é\ud800"], cache=str(tmp_path))
            assert found.scores.tolist() == [7]
        assert script.total == 1


# --- budgets --------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [0, 1, 5, 12])
@pytest.mark.parametrize("concurrent", [1, 4])
def test_a_budget_of_calls_is_exact(budget, concurrent, tmp_path):
    texts = [f"text{i}" for i in range(10)]
    fields = {"cache": str(tmp_path), "max_concurrent": concurrent}
    with serving() as script:
        found = scores(script, texts, budget_calls=budget, **fields)
        scored = np.isfinite(found.scores)
        assert script.total == scored.sum() == min(budget, 10)
        if concurrent == 1:
            assert scored[:budget].all()
        for i in np.flatnonzero(~scored):
            assert found.failures[i].startswith(f"the budget of {budget} calls is spent")
        # the budget counts what was spent before, and what is kept costs nothing
        again = scores(script, texts, budget_calls=budget, **fields)
        assert script.total == min(budget, 10)
        np.testing.assert_array_equal(again.scores, found.scores)
        more = scores(script, texts, budget_calls=budget + 2, **fields)
        assert script.total == min(budget + 2, 10) == np.isfinite(more.scores).sum()


def test_every_try_counts(tmp_path):
    with serving({"a": [500, "what?", 7], "b": [9]}) as script:
        found = scores(script, ["a", "b"], cache=str(tmp_path), budget_calls=3, max_concurrent=1)
        assert script.calls == {"a": 3}
        assert found.scores[0] == 7
        assert "budget of 3 calls" in found.failures[1]
    with serving({"a": [500]}) as script:
        found = scores(script, ["a"], cache=str(tmp_path / "2"), budget_calls=2)
        assert script.total == 2
        assert "budget of 2 calls" in found.failures[0]


@pytest.mark.parametrize("concurrent", [1, 4])
def test_a_budget_of_tokens_is_never_exceeded_and_used_up(concurrent, tmp_path):
    fields = {"cache": str(tmp_path), "max_tokens": 10, "prompt": "<<{text}>>"}
    reserved = len("<<text0>>") + 256 + 10
    with serving() as script:
        script.usage = 50
        found = scores(script, [f"text{i}" for i in range(20)], budget_tokens=600,
                       max_concurrent=concurrent, **fields)  # fmt: skip
        # the last call is made while 600 - spent >= reserved
        expected = (600 - reserved) // 50 + 1
        assert script.total == expected == np.isfinite(found.scores).sum()
        with Answers(tmp_path) as answers:
            assert answers.spent == (expected, expected * 50)
        at = int(np.flatnonzero(np.isnan(found.scores))[0])
        assert f"budget of 600 tokens, of which {expected * 50} are spent" in found.failures[at]


def test_a_server_that_counts_no_tokens_is_charged_what_was_reserved(tmp_path):
    with serving() as script:
        script.usage = None
        scores(script, ["a"], cache=str(tmp_path), max_tokens=10, prompt="<<{text}>>")
    with Answers(tmp_path) as answers:
        assert answers.spent == (1, 5 + 256 + 10)


def test_processes_share_a_budget(tmp_path):
    with Answers(tmp_path) as one, Answers(tmp_path) as other:
        assert one.reserve(10, 2, 25)
        assert other.reserve(10, 2, None)
        assert not one.reserve(1, 2, None)
        assert not other.reserve(10, None, 25)
        one.put("request", Reply("yes", "stop", 3), 10)
        assert other.get("request") == Reply("yes", "stop", 3)
        assert other.spent == (2, 13)
        other.give_back(1, 10)
        assert one.spent == (1, 3)


# --- wrong fields ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"model": " "}, "needs the name of a model"),
        ({"base_url": "localhost:8000"}, "no address of a server"),
        ({"base_url": "http://[::1"}, "no address of a server"),
        ({"base_url": "ftp://host/v1"}, "no address of a server"),
        ({"base_url": f"http://user:{KEY}@host/v1"}, "with a password or a query"),
        ({"base_url": f"https://host/v1?key={KEY}"}, "with a password or a query"),
        ({"prompt": "Is it good?"}, "names no column"),
        ({"prompt": "{low} to {high}"}, "names no column"),
        ({"prompt": "{text"}, "cannot be read"),
        ({"prompt": "{text} {}"}, "braces around ''"),
        ({"prompt": "{text!r}"}, "braces around 'text!r'"),
        ({"prompt": "{text:>4}"}, "braces around 'text:>4'"),
        ({"scale": (5, 1)}, r"scale = \(5, 1\)"),
        ({"scale": (1, 2, 3)}, "scale = "),
        ({"scale": (0, float("inf"))}, "scale = "),
        ({"pattern": "("}, "no regular expression"),
        ({"pattern": "(a)(b)"}, "2 groups"),
        ({"pattern": "a", "json_field": "b"}, "both a pattern and a json_field"),
        ({"max_tokens": 0}, "max_tokens = 0"),
        ({"max_concurrent": 0}, "max_concurrent = 0"),
        ({"retries": -1}, "retries = -1"),
        ({"timeout": 0.0}, "timeout = 0"),
        ({"temperature": -1.0}, "temperature = -1"),
        ({"options": {"stream": True}}, "stream among its options"),
        ({"budget_calls": 5}, "a budget and no cache"),
        ({"budget_tokens": 5}, "a budget and no cache"),
        ({"budget_tokens": 5, "cache": "x", "max_tokens": None}, "no max_tokens"),
        ({"budget_calls": -5, "cache": "x"}, "budget_calls = -5"),
    ],
    ids=str,
)
def test_wrong_fields(fields, says):
    with pytest.raises(InputError, match=says) as caught:
        Judge(**{"model": "m", **fields})
    assert KEY not in str(caught.value)


def test_a_key_that_cannot_be_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "clé")
    with pytest.raises(InputError, match="OPENAI_API_KEY holds characters") as caught:
        Judge("m").score({"text": ["a"]})
    assert "clé" not in str(caught.value)


@pytest.mark.parametrize("package", ["httpx", "tenacity"])
def test_without_its_packages(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with serving() as script, pytest.raises(Missing, match=package):
        scores(script, ["a"])
