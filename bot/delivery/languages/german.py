"""Every sentence of ours in German; the keys are those of `bot.delivery.texts.ENGLISH`."""

from __future__ import annotations

GERMAN = {
    "welcome": "Frag mich etwas zum Kurs. Ich antworte aus seinen FAQ und nenne meine Quellen.",
    "welcome.group": (
        "Hallo! Erwähnt mich in einer Nachricht, antwortet auf eine von mir oder schreibt /ask "
        "mit eurer Frage; ich antworte aus den FAQ des Kurses."
    ),
    "starters": "Zum Beispiel:",
    "help": (
        "Stell deine Frage in eigenen Worten; ich antworte aus den FAQ des Kurses und nenne "
        "meine Quellen.\n\n{commands}"
    ),
    "command.ask": "eine Frage stellen",
    "command.help": "was ich kann",
    "command.course": "wählen, um welchen Kurs es geht",
    "command.model": "die Modelle; das Kursteam kann wechseln",
    "command.gpu": "die Grafikkarte (Kursteam)",
    "command.new": "das bisherige Gespräch vergessen",
    "command.cancel": "die laufende Antwort abbrechen",
    "command.status": "der Zustand des Assistenten",
    "command.explain": "warum die letzte Antwort hier so ist (Kursteam)",
    "command.quit": "beenden",
    "command.unknown": "Den Befehl {name} kenne ich nicht. /help zeigt, was ich kann.",
    "waiting.next": "Deine Frage ist als Nächste dran.",
    "waiting.place": "Deine Frage ist Nummer {place} in der Warteschlange, noch etwa {eta}.",
    "waiting.place_only": "Deine Frage ist Nummer {place} in der Warteschlange.",
    "waiting.model": "Das Modell wird noch geladen; ich antworte, sobald es bereit ist.",
    "waiting.matches": "In der Zwischenzeit: Diese Einträge der FAQ passen am besten:",
    "writing": "Ich schreibe die Antwort …",
    "quoted": "Aus den FAQ zitiert:",
    "quoted.no_model": "Das Modell ist gerade nicht verfügbar; dies ist der Text der FAQ selbst:",
    "sources": "Quellen",
    "not_found": "Darauf haben die FAQ keine Antwort. Bitte frag {contact}.",
    "not_found.language": (
        "Die FAQ sind auf {name}: Frag noch einmal auf {name}, dann finde ich "
        "vielleicht etwas, oder frag {contact}."
    ),
    "closest": (
        "Ich bin nicht sicher, ob die FAQ das beantworten. Am nächsten kommen diese Einträge:"
    ),
    "closest.other_courses": (
        "Die FAQ dieses Kurses behandeln das nicht. In anderen Kursen kommen diese Einträge dem "
        "nahe:"
    ),
    "dates": "Termine stehen hier: {url}",
    "no_date": (
        "Ein aktuelles Datum dafür steht nicht in den FAQ. Am nächsten kommen diese Einträge:"
    ),
    "no_date.contact": (
        "Ein aktuelles Datum dafür steht nicht in den FAQ. Bitte frag {contact}. Am nächsten "
        "kommen diese Einträge:"
    ),
    "long": (
        "Deine Nachricht ist lang. Ich habe mich an {n} Zeilen gehalten, die etwas fragen oder "
        "sagen, was schiefging."
    ),
    "long.one": (
        "Deine Nachricht ist lang. Ich habe mich an die eine Zeile gehalten, die etwas fragt "
        "oder sagt, was schiefging."
    ),
    "source.past": "{title} (von {year})",
    "also": "Passt vielleicht auch",
    "greeted": "Hallo! Frag mich alles, was du zum Kurs wissen willst.",
    "thanked": "Gern geschehen! 🙂",
    "vague": (
        "Welchen Fehler, welches Werkzeug oder welchen Schritt meinst du? Schreib es "
        "bitte etwas genauer."
    ),
    "vague.perhaps": "Vielleicht ist es eins davon:",
    "button.staff": "Team fragen",
    "contact": "das Kursteam",
    "staff.contact": "Weiterleiten kann ich Fragen noch nicht. Bitte frag {contact}.",
    "language.note": "Die FAQ sind auf {name}.",
    "language.en": "Englisch",
    "language.de": "Deutsch",
    "language.es": "Spanisch",
    "language.pt": "Portugiesisch",
    "language.fr": "Französisch",
    "language.ru": "Russisch",
    "no_question": "Darin habe ich keine Frage gefunden. Schreib sie in ein paar Worten.",
    "no_corpus": "Ich habe im Moment keine FAQ zum Durchsuchen. Bitte frag {contact}.",
    "failed": (
        "Bei mir ist etwas schiefgegangen und ich konnte nicht antworten. Bitte frag noch einmal."
    ),
    "stopped": "Abgebrochen.",
    "nothing_to_stop": "Es gibt nichts abzubrechen.",
    "new": "Erledigt: Mit deiner nächsten Frage fange ich von vorn an.",
    "restart": "Vor meinem Neustart hast du gefragt:",
    "refused.rate": "Das ging schnell! In {seconds} Sekunden kannst du wieder fragen.",
    "refused.waiting": (
        "Von dir warten {count} Fragen. Ich nehme die nächste an, sobald eine davon "
        "beantwortet ist."
    ),
    "refused.queue": (
        "Im Moment sind es sehr viele Fragen ({count} warten). Bitte versuch es in etwa {eta} "
        "noch einmal."
    ),
    "ids": "Du: {user}\nHier: {channel}",
    "not_allowed": "Hier darf ich leider nicht antworten. Das Kursteam kann das freischalten.",
    "text_only": "Ich kann nur Text lesen. Bitte schreib deine Frage.",
    "admins_only": "Das kann nur das Kursteam.",
    "course.current": "Deine Fragen betreffen: {course}.",
    "course.all": "Deine Fragen betreffen alle Kurse.",
    "course.choose": "Wähle mit /course NAME oder /course all:",
    "course.unknown": "Einen Kurs {name} gibt es nicht. Bekannt: {courses}.",
    "course.everything": "alle Kurse",
    "model.list": "Modelle:",
    "model.unknown": "Ein Modell {name} gibt es nicht. Bekannt: {models}.",
    "model.switching": "Wechsel zu {model}; keine Frage geht verloren …",
    "model.switched": "Jetzt antwortet {model}.",
    "model.not_kept": (
        "Jetzt antwortet {model}, aber nur bis zum Neustart: Die Wahl ließ sich nicht speichern."
    ),
    "model.failed": "Es bleibt, wie es war: {old} antwortet weiter. {why}",
    "model.failed_restarting": "{old} wird wieder gestartet; Fragen warten so lange. {why}",
    "model.failed_restarted": "{model} antwortet wieder. {why}",
    "model.failed_other": "Jetzt antwortet {model}. {why}",
    "model.failed_alone": "Zurzeit antwortet kein Modell; ich zitiere die FAQ. {why}",
    "model.why_in_private": "{model} ließ sich nicht laden; warum, sagt /gpu im Privatchat.",
    "model.idle": "ruht, der Wechsel dauert nur Sekunden",
    "model.how": "Wechseln mit /model NAME.",
    "vote.thanks": "Danke!",
    "vote.reason": "Danke. Was hat nicht gestimmt?",
    "vote.gone": "Diese Antwort habe ich nicht mehr.",
    "reason.wrong": "falsch",
    "reason.outdated": "veraltet",
    "reason.incomplete": "unvollständig",
    "reason.off_topic": "nicht meine Frage",
    "button.explain": "Warum?",
    "button.stop": "Abbrechen",
    "button.up": "👍",
    "button.down": "👎",
    "seconds": "{n} s",
    "minutes": "{n} min",
}
