"""Every sentence of ours in French; the keys are those of `bot.delivery.texts.ENGLISH`."""

from __future__ import annotations

FRENCH = {
    "welcome": (
        "Posez-moi vos questions sur le cours. Je réponds à partir de sa FAQ et je cite mes "
        "sources."
    ),
    "welcome.group": (
        "Bonjour ! Mentionnez-moi dans un message, répondez à l'un des miens ou écrivez /ask "
        "avec votre question ; je réponds à partir de la FAQ du cours."
    ),
    "starters": "Par exemple :",
    "help": (
        "Posez votre question avec vos propres mots ; je réponds à partir de la FAQ du cours "
        "et je cite mes sources.\n\n{commands}"
    ),
    "command.ask": "poser une question",
    "command.help": "ce que je sais faire",
    "command.course": "choisir le cours de vos questions",
    "command.model": "les modèles ; l'équipe peut en changer",
    "command.gpu": "la carte graphique (équipe)",
    "command.new": "oublier la conversation jusqu'ici",
    "command.cancel": "arrêter la réponse en cours",
    "command.status": "l'état de l'assistant",
    "command.explain": "pourquoi la dernière réponse ici est ainsi (équipe)",
    "command.quit": "quitter",
    "command.unknown": "Je ne connais pas la commande {name}. /help montre ce que je sais faire.",
    "waiting.next": "Votre question est la prochaine.",
    "waiting.place": "Votre question est numéro {place} dans la file, encore {eta} environ.",
    "waiting.place_only": "Votre question est numéro {place} dans la file.",
    "waiting.model": "Le modèle est encore en cours de chargement ; je réponds dès qu'il est prêt.",
    "waiting.matches": "En attendant, voici les entrées de la FAQ les plus proches :",
    "writing": "Je rédige la réponse …",
    "quoted": "Extrait de la FAQ :",
    "quoted.no_model": "Le modèle n'est pas disponible pour le moment ; voici le texte de la FAQ :",
    "sources": "Sources",
    "not_found": "La FAQ ne répond pas à cette question. Demandez à {contact}.",
    "not_found.language": (
        "La FAQ est en {name} : reposez la question en {name}, je trouverai peut-être "
        "la réponse, ou adressez-vous à {contact}."
    ),
    "closest": "Je ne suis pas sûr que la FAQ réponde à cela. Voici ce qui s'en approche le plus :",
    "closest.other_courses": (
        "La FAQ de ce cours n'en parle pas. Dans d'autres cours, voici ce qui s'en approche :"
    ),
    "dates": "Les dates sont publiées ici : {url}",
    "no_date": (
        "La FAQ ne donne pas de date actuelle pour cela. Ces entrées s'en approchent le plus :"
    ),
    "no_date.contact": (
        "La FAQ ne donne pas de date actuelle pour cela. Demandez à {contact}. Ces entrées s'en "
        "approchent le plus :"
    ),
    "long": (
        "Votre message est long. J'en ai retenu {n} lignes, celles qui posent une question ou "
        "disent ce qui a échoué."
    ),
    "long.one": (
        "Votre message est long. J'en ai retenu une ligne, celle qui pose une question ou dit "
        "ce qui a échoué."
    ),
    "source.past": "{title} (de {year})",
    "also": "À voir aussi",
    "greeted": "Bonjour ! Posez-moi vos questions sur le cours.",
    "thanked": "Avec plaisir ! 🙂",
    "vague": (
        "De quelle erreur, de quel outil ou de quelle étape s'agit-il ? Précisez en quelques mots."
    ),
    "vague.perhaps": "C'est peut-être l'une de ces questions :",
    "button.staff": "Demander à l'équipe",
    "contact": "l'équipe du cours",
    "staff.contact": "Je ne peux pas encore transmettre les questions. Adressez-vous à {contact}.",
    "language.note": "La FAQ est en {name}.",
    "language.en": "anglais",
    "language.de": "allemand",
    "language.es": "espagnol",
    "language.pt": "portugais",
    "language.fr": "français",
    "language.ru": "russe",
    "no_question": "Je n'y ai trouvé aucune question. Écrivez-la en quelques mots.",
    "no_corpus": "Je n'ai pas de FAQ à consulter pour le moment. Demandez à {contact}.",
    "failed": (
        "Quelque chose s'est mal passé de mon côté et je n'ai pas pu répondre. Veuillez "
        "reposer la question."
    ),
    "stopped": "Arrêté.",
    "nothing_to_stop": "Il n'y a rien à arrêter.",
    "new": "C'est fait : je repars de zéro avec votre prochaine question.",
    "restart": "Avant mon redémarrage, vous avez demandé :",
    "refused.rate": "Vous allez vite ! Posez votre prochaine question dans {seconds} secondes.",
    "refused.waiting": (
        "Vous avez {count} questions en attente. Je prendrai la suivante quand l'une d'elles "
        "aura sa réponse."
    ),
    "refused.queue": (
        "Il y a énormément de questions en ce moment ({count} en attente). Veuillez réessayer "
        "dans environ {eta}."
    ),
    "ids": "Vous : {user}\nIci : {channel}",
    "not_allowed": "Désolé, je ne peux pas répondre ici. L'équipe du cours peut l'autoriser.",
    "text_only": "Je ne sais lire que du texte. Veuillez écrire votre question.",
    "admins_only": "Seule l'équipe du cours peut faire cela.",
    "course.current": "Vos questions portent sur : {course}.",
    "course.all": "Vos questions portent sur tous les cours.",
    "course.choose": "Choisissez avec /course NOM, ou /course all :",
    "course.unknown": "Il n'y a pas de cours {name}. Connus : {courses}.",
    "course.everything": "tous les cours",
    "model.list": "Modèles :",
    "model.unknown": "Il n'y a pas de modèle {name}. Connus : {models}.",
    "model.switching": "Passage à {model} ; aucune question ne se perd …",
    "model.switched": "{model} répond maintenant.",
    "model.not_kept": (
        "{model} répond maintenant, jusqu'à un redémarrage : le choix n'a pas pu être enregistré."
    ),
    "model.failed": "Rien n'a changé ; {old} continue de répondre. {why}",
    "model.failed_restarting": "{old} redémarre ; les questions attendent pendant ce temps. {why}",
    "model.failed_restarted": "{model} répond de nouveau. {why}",
    "model.failed_other": "{model} répond maintenant. {why}",
    "model.failed_alone": "Aucun modèle ne répond pour le moment ; la FAQ est citée. {why}",
    "model.why_in_private": "{model} n'a pas pu être chargé ; /gpu en privé dit pourquoi.",
    "model.idle": "au repos, le changement prend quelques secondes",
    "model.how": "Changez avec /model NOM.",
    "vote.thanks": "Merci !",
    "vote.reason": "Merci. Qu'est-ce qui n'allait pas ?",
    "vote.gone": "Je n'ai plus cette réponse.",
    "reason.wrong": "fausse",
    "reason.outdated": "périmée",
    "reason.incomplete": "incomplète",
    "reason.off_topic": "pas ma question",
    "button.explain": "Pourquoi ?",
    "button.stop": "Arrêter",
    "button.up": "👍",
    "button.down": "👎",
    "seconds": "{n} s",
    "minutes": "{n} min",
}
