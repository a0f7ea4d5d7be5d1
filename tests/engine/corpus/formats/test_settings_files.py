"""Settings and other data beside an FAQ never become entries."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from engine.corpus.formats.data.structured import parse_json, parse_yaml
from engine.corpus.formats.data.table import parse_csv
from engine.errors import NotAnFaq

YAML = {
    "compose": """
        version: "3.8"
        x-common: &common {restart: always}
        services:
          web: {<<: *common, image: nginx, environment: ["GREETING=Can I help you?"]}
        """,
    "workflow": """
        name: CI
        on: [push]
        jobs: {test: {steps: [{name: Is it formatted?, run: make check}]}}
        """,
    "manifests": """
        apiVersion: v1
        kind: ConfigMap
        data: {greeting: How can I help?}
        ---
        apiVersion: v1
        kind: Service
        """,
    "API": """
        openapi: 3.0.0
        paths: {/faq: {get: {example: [{question: What is this?, answer: An example.}]}}}
        """,
    "site": """
        site_name: Docs
        nav: [{"What is it?": what.md}, {"How do I start?": start.md}]
        markdown_extensions: [{emoji: {index: !!python/name:emoji.index ""}}]
        """,
    "menu": """
        main: [{"What is it?": what.md}, {"How do I start?": start.md}]
        """,
    "template": "name: {{ .Values.name }}\nimage: {{ .Values.image }}:latest\n",
    "chart": "replicaCount: 1\nimage: {tag: ''}\ningress: {enabled: false, annotations: {}}\n",
    "alerts": "groups: [{name: a, rules: [{alert: Is it down?, expr: up == 0}]}]\n",
    "translation": """
        en:
          hello: Hello
          Are you sure?: Bist du sicher?
          Delete this item?: Diesen Eintrag löschen?
          faq: {question: Frage, answer: Antwort, title: FAQ, text: Siehe unten.}
        """,
    "Chinese translation": "How are you?: 你好吗？\nWhat is this?: 这是什么？\n",
    "form": """
        name: Bug report
        body: [{type: textarea, attributes: {label: What happened?, description: Tell us}}]
        """,
    "people": "- {name: Ann, text: Teaches.}\n- {name: Bob, text: Who is Bob? A tutor.}\n",
    "training data": "nlu: [{intent: ask, examples: '- can I join?'}]\n",
}
JSON = {
    "package": {
        "name": "site",
        "version": "1.0.0",
        "description": "What is this? A site.",
        "scripts": {"dev server": "vite"},
        "dependencies": {},
    },
    "sidecar": {"title": "IMG_2041.jpg", "description": "", "url": "https://e.org/1"},
    "sidecar that asks": {"title": "Is this it?", "text": "A file beside.", "pages": 3},
    "notebook": {"cells": [{"source": ["# What?"]}], "nbformat": 4, "nbformat_minor": 5},
    "map": {
        "type": "FeatureCollection",
        "features": [{"properties": {"name": "Where is it?", "text": "Here."}}],
    },
    "error": {"error": {"code": 404, "message": "Page not found. Are you lost?"}},
    "error with docs": {"message": "Not Found", "documentation_url": "https://e.org/docs"},
    "schema": {"$schema": "x", "properties": {"question": {"type": "string"}}},
    "words of an interface": {"question": "Frage", "answer": "Antwort", "save": "Sichern"},
    "quiz": [{"question": "What is 2+2?", "options": ["3", "4"], "answer": "4"}],
    "survey": {"pages": [{"elements": [{"type": "text", "title": "What is missing?"}]}]},
    "requests": {"item": [{"name": "Is it up?", "response": [{"body": "{}"}]}]},
    "posts": [{"title": "Our summer", "content": "We went."}, {"title": "News", "content": "x"}],
    "a page": {"title": "News", "text": "Nothing new."},
    "redirects": {"/what-is-it?": "/new", "/how?": "/other", "https://e.org/?q=1": "Go there."},
    "questions alone": [{"question": "Why?", "answer": ""}, {"question": "When?"}],
    "icons": {"name": "FAQ", "icons": [{"src": "a.png"}]},
    "nothing": [],
}
TABLES = {
    "grades": "name,homework 1\nAnn,10\n",
    "survey": "Timestamp,How old are you?,What do you expect?\n2024,30,Fun\n",
    "quiz": "Question,Option A,Option B,Answer\nWhat is 2+2?,3,4,B\n",
    "places": "name\ttext\nParis\tCapital of France\nRome\tCapital of Italy\n",
    "two columns": "Ann,10\nBob,9\n",
    "nothing": "",
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML.keys())
def test_yaml_that_is_no_faq_is_passed_over(text: str) -> None:
    with pytest.raises(NotAnFaq):
        parse_yaml(dedent(text).encode())


@pytest.mark.parametrize("content", JSON.values(), ids=JSON.keys())
def test_json_that_is_no_faq_is_passed_over(content: object) -> None:
    with pytest.raises(NotAnFaq):
        parse_json(json.dumps(content).encode())


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES.keys())
def test_a_table_that_is_no_faq_is_passed_over(text: str) -> None:
    with pytest.raises(NotAnFaq):
        parse_csv(text.encode())


def test_settings_with_comments_are_passed_over() -> None:
    with pytest.raises(NotAnFaq, match="line 2"):
        parse_json(b'{\n  // see the docs\n  "compilerOptions": {"strict": true,},\n}\n')


def test_the_reason_says_what_the_file_is_and_what_to_do() -> None:
    with pytest.raises(NotAnFaq, match=r"Kubernetes manifest.*list only files that hold entries"):
        parse_yaml(dedent(YAML["manifests"]).encode())
    with pytest.raises(NotAnFaq, match="most of the keys are no questions"):
        parse_yaml(dedent(YAML["translation"]).encode())
    with pytest.raises(NotAnFaq, match="quiz"):
        parse_json(json.dumps(JSON["quiz"]).encode())
    with pytest.raises(NotAnFaq, match="write an “answer” beside each"):
        parse_json(json.dumps(JSON["questions alone"]).encode())


def test_a_section_may_have_the_name_of_a_setting() -> None:
    parsed = parse_yaml(b"version: 2\nservices: [{question: Who cleans?, answer: We do.}]\n")

    assert [entry.section for entry in parsed.entries] == ["Services"]
