"""English words that carry negation, duty, doubt, order: the grammar that the truth check reads."""

from __future__ import annotations

from engine.grounding.words import stem, word_set

NEGATORS = word_set(
    """
    not no never none nothing nobody neither nor nowhere hardly barely avoid avoids avoiding
    refrain forbidden prohibited disallowed impossible unable fail fails failed failing refuse
    refuses refused optional voluntary lack lacks lacking unsupported invalid incorrect wrong
    nicht kein keine keinen keiner keinem nie niemals ohne pas jamais ne sans nunca jamás sin
    não nem не нет ни нельзя никогда без non mai senza değil 不 没 沒 無 无 未
    """
)
MUST_WORDS = word_set(
    """
    must shall need needs needed required require requires requiring mandatory necessary
    obligatory compulsory essential obliged requirement requirements prerequisite
    """
)
#: Before a number these say how much of it there must be, not what the reader has to do.
NEED_WORDS = word_set("need needs require requires take takes")
SHOULD_WORDS = word_set(
    """
    should ought recommend recommended recommends recommendation suggest suggested advise
    advised advisable preferable
    """
)
CAN_WORDS = word_set("can able allowed allow allows permitted possible could")
MAYBE_WORDS = word_set("might perhaps maybe probably possibly likely seem seems")
HEDGES = MAYBE_WORDS | word_set(
    """
    usually typically generally often sometimes normally mostly rarely occasionally mainly
    almost nearly
    """
)
PRONOUNS = word_set("you we they it he she i this that these those there")
OBJECT_PRONOUNS = word_set("it them")
AUXILIARIES = word_set(
    """
    is are was were be been am do does did has have had will would can could may might must
    shall should cannot need needs
    """
)
PREPOSITIONS = word_set("on in at by for with from to under over after before of into onto")
#: Base forms; a sentence that begins with one tells the reader to do something.
VERB_WORDS = word_set(
    """
    accept access activate add adjust allow append apply ask assign attach attend avoid begin
    book bring browse build buy calculate call cancel change check choose clean clear click
    clone close collect combine come commit compare compile complete configure confirm connect
    consider consult contact contain convert copy correct cost count create debug decide
    declare decrease define delete deploy describe disable disconnect discuss divide do
    download drop edit enable encode end enrol enroll ensure enter evaluate execute exit expand
    explain export extract fetch fill filter find finish fit fix follow force free gather
    generate get give go grade grant guess hand happen have help hold ignore import improve include
    increase inform initialize insert inspect install introduce invoke join keep kill know
    launch learn leave let limit link list load locate log look lose lower make map mark mean
    measure mention merge modify mount move multiply navigate need note obtain omit open order
    output override pass paste pause pay permit pick pin place plan play plot point post practice
    predict prepare press prevent print proceed process produce protect provide publish pull
    push put raise reach read rebuild receive recommend record recreate reduce refer refresh
    register reinstall reload remember remove rename repeat replace report request require
    rerun reset resolve respond restart restore restrict resubmit retrain retry return review
    revoke rewrite run save scale score search see select send set share shorten show sign simulate
    skip solve sort specify split start stay stop store submit subscribe substitute subtract
    switch tag take talk tell terminate test track train transform translate try tune turn type
    uncomment understand uninstall unpack unzip update upgrade upload use validate verify view
    visit wait watch work write zip
    """
)
VERBS = frozenset(stem(word) for word in VERB_WORDS)
BEFORE_COMMAND = word_set(
    "please just simply then first next also do not never and or to always again now finally"
)
