"""Every sentence of ours in Russian; the keys are those of `bot.texts.ENGLISH`."""

from __future__ import annotations

RUSSIAN = {
    "welcome": "Спрашивайте о курсе что угодно. Я отвечаю по его FAQ и называю источники.",
    "welcome.group": (
        "Привет! Упомяните меня в сообщении, ответьте на моё или напишите /ask с вопросом; я "
        "отвечаю по FAQ курса."
    ),
    "starters": "Например:",
    "help": (
        "Задайте вопрос своими словами; я отвечаю по FAQ курса и называю источники.\n\n{commands}"
    ),
    "command.ask": "задать вопрос",
    "command.help": "что я умею",
    "command.course": "выбрать, о каком курсе вопросы",
    "command.model": "модели; команда курса может переключать",
    "command.gpu": "видеокарта (команда курса)",
    "command.new": "забыть предыдущий разговор",
    "command.cancel": "остановить текущий ответ",
    "command.status": "состояние ассистента",
    "command.quit": "выйти",
    "command.unknown": "Я не знаю команды {name}. /help покажет, что я умею.",
    "waiting.next": "Ваш вопрос следующий.",
    "waiting.place": "Ваш вопрос в очереди под номером {place}, осталось около {eta}.",
    "waiting.place_only": "Ваш вопрос в очереди под номером {place}.",
    "waiting.model": "Модель ещё загружается; отвечу, как только она будет готова.",
    "waiting.matches": "А пока вот самые подходящие записи FAQ:",
    "writing": "Пишу ответ …",
    "quoted": "Цитата из FAQ:",
    "quoted.no_model": "Модель сейчас недоступна; вот текст самого FAQ:",
    "sources": "Источники",
    "related": "Возможно, по теме",
    "not_found": "В FAQ нет ответа на это. Обратитесь сюда: {contact}.",
    "no_question": "Я не нашёл здесь вопроса. Напишите его в нескольких словах.",
    "no_corpus": "Сейчас у меня нет FAQ для поиска. Обратитесь сюда: {contact}.",
    "failed": "У меня что-то пошло не так, и ответить не удалось. Пожалуйста, спросите ещё раз.",
    "stopped": "Остановлено.",
    "nothing_to_stop": "Останавливать нечего.",
    "new": "Готово: со следующего вопроса начинаю заново.",
    "restart": "До моего перезапуска вы спросили:",
    "refused.rate": "Как быстро! Снова спросить можно через {seconds} с.",
    "refused.waiting": (
        "Ваших вопросов в очереди: {count}. Следующий приму, когда отвечу на один из них."
    ),
    "refused.queue": (
        "Сейчас очень много вопросов (в очереди {count}). Попробуйте снова примерно через {eta}."
    ),
    "ids": "Вы: {user}\nЗдесь: {channel}",
    "not_allowed": "К сожалению, здесь я отвечать не могу. Команда курса может это разрешить.",
    "text_only": "Я умею читать только текст. Пожалуйста, напишите вопрос.",
    "admins_only": "Это может только команда курса.",
    "course.current": "Ваши вопросы о курсе: {course}.",
    "course.all": "Ваши вопросы обо всех курсах.",
    "course.choose": "Выберите: /course ИМЯ или /course all:",
    "course.unknown": "Курса {name} нет. Известные: {courses}.",
    "course.everything": "все курсы",
    "model.list": "Модели:",
    "model.unknown": "Модели {name} нет. Известные: {models}.",
    "model.switching": "Перехожу на {model}; ни один вопрос не потеряется …",
    "model.switched": "Теперь отвечает {model}.",
    "model.not_kept": (
        "Теперь отвечает {model}, но только до перезапуска: выбор не удалось сохранить."
    ),
    "model.failed": "Ничего не изменилось, продолжает отвечать {old}. {why}",
    "model.failed_restarting": "{old} запускается снова; вопросы пока ждут. {why}",
    "model.failed_restarted": "Снова отвечает {model}. {why}",
    "model.failed_other": "Теперь отвечает {model}. {why}",
    "model.failed_alone": "Сейчас ни одна модель не отвечает; я цитирую FAQ. {why}",
    "model.why_in_private": "Модель {model} не загрузилась; причину покажет /gpu в личном чате.",
    "model.idle": "в ожидании, переключение займёт секунды",
    "model.how": "Переключить: /model ИМЯ.",
    "vote.thanks": "Спасибо!",
    "vote.reason": "Спасибо. Что было не так?",
    "vote.gone": "Этого ответа у меня уже нет.",
    "reason.wrong": "неверно",
    "reason.outdated": "устарело",
    "reason.incomplete": "неполно",
    "reason.off_topic": "не мой вопрос",
    "button.stop": "Стоп",
    "button.up": "👍",
    "button.down": "👎",
    "seconds": "{n} с",
    "minutes": "{n} мин",
}
