-- The job store: its tables and every query, each under its name. Read by jobs.py.
-- A status is one word of JobStatus. Times are UTC in ISO 8601, so that they sort as text.

-- name: schema
-- Everything in one transaction: a process killed in here leaves an empty file.
BEGIN IMMEDIATE;
CREATE TABLE jobs (
    -- AUTOINCREMENT: an id is never used again, so a late answer cannot meet another question.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    message_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    reply_to TEXT NOT NULL,
    question TEXT NOT NULL, -- JSON
    status TEXT NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'answered', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    placeholder TEXT,
    answer TEXT, -- JSON
    found INTEGER, -- 0: the FAQ lacks an answer, or may
    failure TEXT, -- why it failed
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (platform, conversation, message_id)
);
CREATE INDEX jobs_by_status ON jobs (status, platform, user_id, id);
CREATE INDEX jobs_by_placeholder ON jobs (platform, placeholder);
-- Whose turn it is: a count that grows with every claim, not a time, because clocks jump.
CREATE TABLE askers (
    platform TEXT NOT NULL,
    user_id TEXT NOT NULL,
    last_claim INTEGER NOT NULL,
    PRIMARY KEY (platform, user_id)
) WITHOUT ROWID;
-- Conversations that were started afresh: jobs up to `after` are no part of them any more.
CREATE TABLE conversations (
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    after INTEGER NOT NULL,
    PRIMARY KEY (platform, conversation)
) WITHOUT ROWID;
CREATE TABLE votes (
    job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    value TEXT NOT NULL CHECK (value IN ('up', 'down')),
    reason TEXT,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (job_id, user_id)
) WITHOUT ROWID;
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
-- What a platform delivered and nobody has looked at yet; `poison` says why nobody can.
CREATE TABLE inbox (
    platform TEXT NOT NULL,
    id INTEGER NOT NULL, -- the platform's
    raw TEXT NOT NULL, -- JSON
    poison TEXT,
    PRIMARY KEY (platform, id)
);
-- Messages that belong to a job: part 0 is the question, 1 and up are the answer.
CREATE TABLE messages (
    job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (job_id, part)
) WITHOUT ROWID;
CREATE INDEX messages_by_message ON messages (message);
PRAGMA user_version = 1;
COMMIT;

-- name: version
-- Which schema the file has; 0 is a new file.
PRAGMA user_version;

-- name: recover
-- What a dead process left running waits again; the attempt counts.
UPDATE jobs SET status = 'queued', updated_at = :now WHERE status = 'running';

-- name: add
-- A new question, or nothing when the message is known.
INSERT INTO jobs (platform, conversation, message_id, user_id, reply_to, question,
                  created_at, updated_at)
VALUES (:platform, :conversation, :message_id, :user_id, :reply_to, :question, :now, :now)
ON CONFLICT (platform, conversation, message_id) DO NOTHING
RETURNING *;

-- name: knows
-- Whether the message is a redelivery.
SELECT 1 FROM jobs
WHERE platform = :platform AND conversation = :conversation AND message_id = :message_id;

-- name: queued
-- Questions that wait, of those after this one.
SELECT * FROM jobs WHERE status = 'queued' AND id > :after ORDER BY id;

-- name: claim
-- The oldest question of the person whose last turn is longest ago, of these (JSON) or of all.
UPDATE jobs SET status = 'running', attempts = attempts + 1, updated_at = :now
WHERE id = (
    SELECT min(waiting.id)
    FROM jobs AS waiting LEFT JOIN askers USING (platform, user_id)
    WHERE waiting.status = 'queued'
      AND (:among IS NULL OR waiting.id IN (SELECT value FROM json_each(:among)))
    GROUP BY waiting.platform, waiting.user_id
    ORDER BY ifnull(askers.last_claim, 0), min(waiting.id)
    LIMIT 1
)
RETURNING *;

-- name: had_turn
-- The person goes to the end of the round.
INSERT INTO askers (platform, user_id, last_claim)
VALUES (:platform, :user_id, (SELECT ifnull(max(last_claim), 0) + 1 FROM askers))
ON CONFLICT (platform, user_id) DO UPDATE SET last_claim = excluded.last_claim;

-- name: position
-- The place in the order in which `claim` will take what waits now: everybody's first question,
-- then everybody's second, people in the same order each round.
WITH waiting AS (
    SELECT jobs.id,
           ifnull(askers.last_claim, 0) AS last_claim,
           row_number() OVER person AS round,
           min(jobs.id) OVER person AS first
    FROM jobs LEFT JOIN askers USING (platform, user_id)
    WHERE jobs.status = 'queued'
    WINDOW person AS (PARTITION BY jobs.platform, jobs.user_id ORDER BY jobs.id)
), line AS (
    SELECT id, row_number() OVER (ORDER BY round, last_claim, first) AS place FROM waiting
)
SELECT place FROM line WHERE id = :id;

-- name: unclaim
-- Whoever claimed it is gone; the attempt counts.
UPDATE jobs SET status = 'queued', updated_at = :now WHERE id = :id AND status = 'running';

-- name: answer
-- Only once, and not after the asker stopped it; what needs no model was never running.
UPDATE jobs SET status = 'answered', answer = :answer, found = :found, updated_at = :now
WHERE id = :id AND status IN ('queued', 'running');

-- name: deliver
-- The asker has the answer.
UPDATE jobs SET status = 'delivered', updated_at = :now WHERE id = :id AND status = 'answered';

-- name: fail
-- There will be no answer, or nobody who could get it.
UPDATE jobs SET status = 'failed', failure = :reason, updated_at = :now
WHERE id = :id AND status IN ('queued', 'running', 'answered');

-- name: cancel
-- The asker does not want it any more.
UPDATE jobs SET status = 'failed', failure = 'cancelled', updated_at = :now
WHERE id = :id AND status IN ('queued', 'running');

-- name: set_placeholder
-- The message that will become the answer.
UPDATE jobs SET placeholder = :message_id, updated_at = :now WHERE id = :id;

-- name: get
-- One question.
SELECT * FROM jobs WHERE id = :id;

-- name: undelivered
-- Answers that the asker does not have yet.
SELECT * FROM jobs WHERE status = 'answered' ORDER BY id;

-- name: waiting_jobs
-- Questions without an answer yet.
SELECT * FROM jobs WHERE status IN ('queued', 'running') ORDER BY id;

-- name: waiting
-- How many questions of a person have no answer yet.
SELECT count(*) FROM jobs
WHERE status IN ('queued', 'running') AND platform = :platform AND user_id = :user_id;

-- name: queue_length
-- How many questions wait for a place in the engine.
SELECT count(*) FROM jobs WHERE status = 'queued';

-- name: latest_open
-- The last question of a person that has no answer yet.
SELECT * FROM jobs
WHERE status IN ('queued', 'running') AND platform = :platform AND user_id = :user_id
ORDER BY id DESC LIMIT 1;

-- name: askers
-- Who asked in a conversation.
SELECT DISTINCT user_id FROM jobs WHERE platform = :platform AND conversation = :conversation;

-- name: by_placeholder
-- The question that a message of ours answers.
SELECT * FROM jobs WHERE platform = :platform AND placeholder = :message_id
ORDER BY id DESC LIMIT 1;

-- name: history
-- The last answered questions of a conversation, newest first.
SELECT * FROM jobs
WHERE platform = :platform AND conversation = :conversation
  AND status IN ('answered', 'delivered')
  AND id > ifnull((SELECT after FROM conversations
                   WHERE platform = :platform AND conversation = :conversation), 0)
ORDER BY id DESC LIMIT :limit;

-- name: start_afresh
-- What was asked so far is no part of the conversation any more.
INSERT INTO conversations (platform, conversation, after)
VALUES (:platform, :conversation, (SELECT ifnull(max(id), 0) FROM jobs))
ON CONFLICT (platform, conversation) DO UPDATE SET after = excluded.after;

-- name: vote
-- A person's opinion of an answer, in place of an earlier one.
INSERT INTO votes (job_id, user_id, value, reason, updated_at)
SELECT id, :user_id, :value, :reason, :now FROM jobs WHERE id = :id
ON CONFLICT (job_id, user_id) DO UPDATE
SET value = excluded.value, reason = excluded.reason, updated_at = excluded.updated_at;

-- name: votes
-- How many people think what of an answer.
SELECT value, count(*) FROM votes WHERE job_id = :id GROUP BY value;

-- name: unanswered
-- What the FAQ had no answer to, or people no use for, newest first.
SELECT * FROM jobs
WHERE created_at >= :since
  AND (found = 0 OR EXISTS (SELECT 1 FROM votes WHERE job_id = jobs.id AND value = 'down'))
ORDER BY id DESC LIMIT :limit;

-- name: forget_turns
-- Other people's questions carry the earlier turns of the conversation with them.
UPDATE jobs SET question = iif(json_valid(question),
                               json_set(question, '$.history', json('[]')), '{}')
WHERE platform = :platform AND user_id <> :user_id
  AND conversation IN (SELECT conversation FROM jobs
                       WHERE platform = :platform AND user_id = :user_id);

-- name: forget_votes
-- A person's votes on other people's questions.
DELETE FROM votes
WHERE user_id = :user_id AND job_id IN (SELECT id FROM jobs WHERE platform = :platform);

-- name: forget_turn_taking
-- That a person ever asked.
DELETE FROM askers WHERE platform = :platform AND user_id = :user_id;

-- name: forget_settings
-- Settings of a person: their key ends on `:platform:user_id`.
DELETE FROM settings WHERE substr(key, -length(:suffix)) = :suffix;

-- name: forget_jobs
-- A person's questions, with the votes on them.
DELETE FROM jobs WHERE platform = :platform AND user_id = :user_id;

-- name: expire_turns
-- Questions that stay do not keep the text of those that go; open ones still need it.
UPDATE jobs SET question = json_set(question, '$.history', json('[]'))
WHERE created_at >= :before AND status IN ('delivered', 'failed')
  AND json_valid(question) AND json_array_length(question, '$.history') > 0
  AND (platform, conversation) IN (SELECT platform, conversation FROM jobs
                                   WHERE created_at < :before);

-- name: expire_jobs
-- Old questions, with the votes on them; one that is being answered goes the next time.
DELETE FROM jobs WHERE created_at < :before AND status <> 'running';

-- name: tidy_conversations
-- Marks of conversations that have no question left.
DELETE FROM conversations
WHERE (platform, conversation) NOT IN (SELECT platform, conversation FROM jobs);

-- name: tidy_askers
-- Turns of people who have no question left.
DELETE FROM askers WHERE (platform, user_id) NOT IN (SELECT platform, user_id FROM jobs);

-- name: set_value
-- A durable setting.
INSERT INTO settings (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: get_value
-- A durable setting.
SELECT value FROM settings WHERE key = :key;

-- name: take_in
-- An update of a platform; a second delivery changes nothing.
INSERT INTO inbox (platform, id, raw) VALUES (:platform, :id, :raw)
ON CONFLICT (platform, id) DO NOTHING;

-- name: inbox
-- What has not been handled, in the order it came.
SELECT id, raw FROM inbox WHERE platform = :platform AND poison IS NULL ORDER BY rowid;

-- name: inbox_done
-- It was handled.
DELETE FROM inbox WHERE platform = :platform AND id = :id;

-- name: inbox_poison
-- It cannot be handled.
UPDATE inbox SET poison = :reason WHERE platform = :platform AND id = :id;

-- name: add_message
-- A message of a job's talk; nothing when the job is forgotten.
INSERT INTO messages (job_id, part, message) SELECT id, :part, :message FROM jobs WHERE id = :id
ON CONFLICT (job_id, part) DO UPDATE SET message = excluded.message;

-- name: messages
-- The messages of a job's talk.
SELECT part, message FROM messages WHERE job_id = :id ORDER BY part;

-- name: job_of_message
-- Whose talk a message is part of.
SELECT jobs.* FROM jobs JOIN messages ON messages.job_id = jobs.id
WHERE jobs.platform = :platform AND messages.message = :message ORDER BY jobs.id DESC LIMIT 1;

-- name: forget_poison
-- Updates that could not be handled: nobody knows whose they are, so all go.
DELETE FROM inbox WHERE poison IS NOT NULL;
