"""Every sentence of ours in Portuguese; the keys are those of `bot.delivery.texts.ENGLISH`."""

from __future__ import annotations

PORTUGUESE = {
    "welcome": (
        "Pergunte-me o que quiser sobre o curso. Respondo com as perguntas frequentes e cito "
        "as minhas fontes."
    ),
    "welcome.group": (
        "Olá! Mencionem-me numa mensagem, respondam a uma das minhas ou escrevam /ask com a "
        "pergunta; respondo com as perguntas frequentes do curso."
    ),
    "starters": "Por exemplo:",
    "help": (
        "Faça a sua pergunta com as suas palavras; respondo com as perguntas frequentes do "
        "curso e cito as minhas fontes.\n\n{commands}"
    ),
    "command.ask": "fazer uma pergunta",
    "command.help": "o que posso fazer",
    "command.course": "escolher o curso das suas perguntas",
    "command.model": "os modelos; a equipe pode trocar",
    "command.gpu": "a placa de vídeo (equipe)",
    "command.new": "esquecer a conversa até aqui",
    "command.cancel": "parar a resposta em andamento",
    "command.status": "o estado do assistente",
    "command.explain": "por que a última resposta daqui é assim (equipe)",
    "command.quit": "sair",
    "command.unknown": "Não conheço o comando {name}. /help mostra o que posso fazer.",
    "waiting.next": "A sua pergunta é a próxima.",
    "waiting.place": "A sua pergunta é a número {place} da fila, faltam cerca de {eta}.",
    "waiting.place_only": "A sua pergunta é a número {place} da fila.",
    "waiting.model": "O modelo ainda está carregando; respondo assim que estiver pronto.",
    "waiting.matches": "Enquanto isso, estas são as perguntas frequentes mais próximas:",
    "writing": "Escrevendo a resposta …",
    "quoted": "Citado das perguntas frequentes:",
    "quoted.no_model": (
        "O modelo não está disponível agora; este é o texto das perguntas frequentes:"
    ),
    "sources": "Fontes",
    "not_found": "As perguntas frequentes não têm resposta para isso. Pergunte a {contact}.",
    "not_found.language": (
        "As perguntas frequentes estão em {name}: pergunte de novo em {name} e talvez "
        "eu encontre a resposta, ou pergunte a {contact}."
    ),
    "closest": (
        "Não tenho certeza de que as perguntas frequentes respondam a isso. O que mais se aproxima:"
    ),
    "closest.other_courses": (
        "As perguntas frequentes deste curso não tratam disso. Em outros cursos, o que mais "
        "se aproxima:"
    ),
    "dates": "As datas são publicadas aqui: {url}",
    "no_date": "A FAQ não tem uma data atual para isso. Estas entradas são as mais próximas:",
    "no_date.contact": (
        "A FAQ não tem uma data atual para isso. Pergunte a {contact}. Estas entradas são as "
        "mais próximas:"
    ),
    "long": (
        "Sua mensagem é longa. Eu me guiei por {n} linhas: as que perguntam ou dizem o que deu "
        "errado."
    ),
    "long.one": (
        "Sua mensagem é longa. Eu me guiei por uma linha: a que pergunta ou diz o que deu errado."
    ),
    "source.past": "{title} (de {year})",
    "also": "Veja também",
    "greeted": "Olá! Pergunte o que quiser sobre o curso.",
    "thanked": "De nada! 🙂",
    "vague": (
        "De que erro, ferramenta ou etapa você está falando? Escreva com mais algumas palavras."
    ),
    "vague.perhaps": "Talvez seja uma destas:",
    "button.staff": "Perguntar à equipe",
    "contact": "quem organiza o curso",
    "staff.contact": "Ainda não consigo encaminhar perguntas. Pergunte a {contact}.",
    "language.note": "As perguntas frequentes estão em {name}.",
    "language.en": "inglês",
    "language.de": "alemão",
    "language.es": "espanhol",
    "language.pt": "português",
    "language.fr": "francês",
    "language.ru": "russo",
    "no_question": "Não encontrei nenhuma pergunta aí. Escreva-a em poucas palavras.",
    "no_corpus": "No momento não tenho perguntas frequentes para pesquisar. Pergunte a {contact}.",
    "failed": "Algo deu errado do meu lado e não consegui responder. Por favor, pergunte de novo.",
    "stopped": "Interrompido.",
    "nothing_to_stop": "Não há nada para parar.",
    "new": "Feito: começo do zero com a sua próxima pergunta.",
    "restart": "Antes de eu reiniciar, você perguntou:",
    "refused.rate": "Que rapidez! Você pode perguntar de novo em {seconds} segundos.",
    "refused.waiting": (
        "Você tem {count} perguntas em espera. Aceito a próxima quando uma delas for respondida."
    ),
    "refused.queue": (
        "Há muitas perguntas neste momento ({count} em espera). Tente de novo em cerca de {eta}."
    ),
    "ids": "Você: {user}\nAqui: {channel}",
    "not_allowed": "Desculpe, não posso responder aqui. A equipe do curso pode liberar.",
    "text_only": "Só consigo ler texto. Por favor, escreva a sua pergunta.",
    "admins_only": "Só a equipe do curso pode fazer isso.",
    "course.current": "As suas perguntas são sobre: {course}.",
    "course.all": "As suas perguntas são sobre todos os cursos.",
    "course.choose": "Escolha com /course NOME, ou /course all:",
    "course.unknown": "Não existe o curso {name}. Conhecidos: {courses}.",
    "course.everything": "todos os cursos",
    "model.list": "Modelos:",
    "model.unknown": "Não existe o modelo {name}. Conhecidos: {models}.",
    "model.switching": "Mudando para {model}; nenhuma pergunta se perde …",
    "model.switched": "Agora quem responde é {model}.",
    "model.not_kept": (
        "Agora quem responde é {model}, mas só até reiniciar: não foi possível salvar a escolha."
    ),
    "model.failed": "Nada mudou; {old} continua respondendo. {why}",
    "model.failed_restarting": "{old} está reiniciando; as perguntas esperam enquanto isso. {why}",
    "model.failed_restarted": "{model} voltou a responder. {why}",
    "model.failed_other": "Agora quem responde é {model}. {why}",
    "model.failed_alone": "Nenhum modelo responde no momento; cito as perguntas frequentes. {why}",
    "model.why_in_private": "Não foi possível carregar {model}; veja o motivo com /gpu no privado.",
    "model.idle": "inativo, a troca leva alguns segundos",
    "model.how": "Troque com /model NOME.",
    "vote.thanks": "Obrigado!",
    "vote.reason": "Obrigado. O que estava errado?",
    "vote.gone": "Já não tenho essa resposta.",
    "reason.wrong": "errada",
    "reason.outdated": "desatualizada",
    "reason.incomplete": "incompleta",
    "reason.off_topic": "não era a minha pergunta",
    "button.explain": "Por quê?",
    "button.stop": "Parar",
    "button.up": "👍",
    "button.down": "👎",
    "seconds": "{n} s",
    "minutes": "{n} min",
}
