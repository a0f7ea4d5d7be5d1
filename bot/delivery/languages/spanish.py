"""Every sentence of ours in Spanish; the keys are those of `bot.delivery.texts.ENGLISH`."""

from __future__ import annotations

SPANISH = {
    "welcome": (
        "Pregúntame lo que quieras sobre el curso. Respondo con sus preguntas frecuentes y "
        "cito mis fuentes."
    ),
    "welcome.group": (
        "¡Hola! Menciónenme en un mensaje, respondan a uno mío o escriban /ask con su "
        "pregunta; respondo con las preguntas frecuentes del curso."
    ),
    "starters": "Por ejemplo:",
    "help": (
        "Haz tu pregunta con tus propias palabras; respondo con las preguntas frecuentes del "
        "curso y cito mis fuentes.\n\n{commands}"
    ),
    "command.ask": "hacer una pregunta",
    "command.help": "lo que puedo hacer",
    "command.course": "elegir el curso de tus preguntas",
    "command.model": "los modelos; el equipo puede cambiarlos",
    "command.gpu": "la tarjeta gráfica (equipo)",
    "command.new": "olvidar la conversación hasta ahora",
    "command.cancel": "detener la respuesta en curso",
    "command.status": "el estado del asistente",
    "command.explain": "por qué la última respuesta de aquí es así (equipo)",
    "command.quit": "salir",
    "command.unknown": "No conozco el comando {name}. /help muestra lo que puedo hacer.",
    "waiting.next": "Tu pregunta es la siguiente.",
    "waiting.place": "Tu pregunta es la número {place} en la cola, faltan unos {eta}.",
    "waiting.place_only": "Tu pregunta es la número {place} en la cola.",
    "waiting.model": "El modelo aún se está cargando; responderé en cuanto esté listo.",
    "waiting.matches": "Mientras tanto, estas son las entradas que mejor encajan:",
    "writing": "Escribiendo la respuesta …",
    "quoted": "Citado de las preguntas frecuentes:",
    "quoted.no_model": (
        "El modelo no está disponible ahora; este es el texto de las preguntas frecuentes:"
    ),
    "sources": "Fuentes",
    "not_found": "Las preguntas frecuentes no responden a esto. Pregunta a {contact}.",
    "not_found.language": (
        "Las FAQ están en {name}: pregunta de nuevo en {name} y quizá encuentre la "
        "respuesta, o pregunta a {contact}."
    ),
    "closest": "No estoy seguro de que las FAQ respondan a esto. Lo que más se acerca:",
    "closest.other_courses": (
        "Las FAQ de este curso no tratan esto. En otros cursos, lo que más se acerca:"
    ),
    "dates": "Las fechas se publican aquí: {url}",
    "no_date": "Las FAQ no tienen una fecha actual para esto. Estas entradas son las más cercanas:",
    "no_date.contact": (
        "Las FAQ no tienen una fecha actual para esto. Pregunta a {contact}. Estas entradas son "
        "las más cercanas:"
    ),
    "long": (
        "Tu mensaje es largo. Me he guiado por {n} líneas: las que preguntan o dicen qué falló."
    ),
    "long.one": (
        "Tu mensaje es largo. Me he guiado por una línea: la que pregunta o dice qué falló."
    ),
    "source.past": "{title} (de {year})",
    "also": "Puede servirte también",
    "greeted": "¡Hola! Pregúntame lo que quieras sobre el curso.",
    "thanked": "¡De nada! 🙂",
    "vague": "¿A qué error, herramienta o paso te refieres? Escríbelo con algunas palabras más.",
    "vague.perhaps": "Quizá sea una de estas:",
    "button.staff": "Preguntar al equipo",
    "contact": "quienes organizan el curso",
    "staff.contact": "Todavía no puedo reenviar preguntas. Pregunta a {contact}.",
    "language.note": "Las FAQ están en {name}.",
    "language.en": "inglés",
    "language.de": "alemán",
    "language.es": "español",
    "language.pt": "portugués",
    "language.fr": "francés",
    "language.ru": "ruso",
    "no_question": "No encontré ninguna pregunta ahí. Escríbela en pocas palabras.",
    "no_corpus": "Ahora mismo no tengo preguntas frecuentes donde buscar. Pregunta a {contact}.",
    "failed": "Algo falló por mi parte y no pude responder. Por favor, pregunta de nuevo.",
    "stopped": "Detenido.",
    "nothing_to_stop": "No hay nada que detener.",
    "new": "Hecho: empiezo de cero con tu próxima pregunta.",
    "restart": "Antes de mi reinicio preguntaste:",
    "refused.rate": "¡Qué rápido! Podrás preguntar de nuevo en {seconds} segundos.",
    "refused.waiting": (
        "Tienes {count} preguntas en espera. Aceptaré la siguiente cuando se responda una de ellas."
    ),
    "refused.queue": (
        "Hay muchísimas preguntas en este momento ({count} en espera). Inténtalo de nuevo en "
        "unos {eta}."
    ),
    "ids": "Tú: {user}\nAquí: {channel}",
    "not_allowed": "Lo siento, aquí no puedo responder. El equipo del curso puede habilitarlo.",
    "text_only": "Solo puedo leer texto. Por favor, escribe tu pregunta.",
    "admins_only": "Solo el equipo del curso puede hacer eso.",
    "course.current": "Tus preguntas son sobre: {course}.",
    "course.all": "Tus preguntas son sobre todos los cursos.",
    "course.choose": "Elige con /course NOMBRE, o /course all:",
    "course.unknown": "No existe el curso {name}. Conocidos: {courses}.",
    "course.everything": "todos los cursos",
    "model.list": "Modelos:",
    "model.unknown": "No existe el modelo {name}. Conocidos: {models}.",
    "model.switching": "Cambiando a {model}; no se pierde ninguna pregunta …",
    "model.switched": "Ahora responde {model}.",
    "model.not_kept": (
        "Ahora responde {model}, pero solo hasta un reinicio: la elección no se pudo guardar."
    ),
    "model.failed": "No ha cambiado nada; {old} sigue respondiendo. {why}",
    "model.failed_restarting": "{old} se reinicia; las preguntas esperan mientras tanto. {why}",
    "model.failed_restarted": "{model} vuelve a responder. {why}",
    "model.failed_other": "Ahora responde {model}. {why}",
    "model.failed_alone": "Ahora mismo no responde ningún modelo; cito las FAQ. {why}",
    "model.why_in_private": "No se pudo cargar {model}; el porqué lo dice /gpu en privado.",
    "model.idle": "inactivo, el cambio tarda unos segundos",
    "model.how": "Cambia con /model NOMBRE.",
    "vote.thanks": "¡Gracias!",
    "vote.reason": "Gracias. ¿Qué estaba mal?",
    "vote.gone": "Ya no tengo esa respuesta.",
    "reason.wrong": "incorrecta",
    "reason.outdated": "desactualizada",
    "reason.incomplete": "incompleta",
    "reason.off_topic": "no era mi pregunta",
    "button.explain": "¿Por qué?",
    "button.stop": "Detener",
    "button.up": "👍",
    "button.down": "👎",
    "seconds": "{n} s",
    "minutes": "{n} min",
}
