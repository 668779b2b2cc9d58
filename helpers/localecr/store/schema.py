"""The tables. A change here needs a new VERSION, and a step that brings a folder of the version before up to it."""

VERSION = 8

# how many tags an image has, kept beside it: a page of untagged images is then as quick among 100,000 as among 1,000
TAG_COUNTS = """
CREATE INDEX images_untagged ON images (repository_id, id) WHERE tag_count = 0;
CREATE INDEX images_tagged ON images (repository_id, id) WHERE tag_count > 0;
CREATE TRIGGER tag_given AFTER INSERT ON tags BEGIN UPDATE images SET tag_count = tag_count + 1 WHERE id = NEW.image_id; END;
CREATE TRIGGER tag_taken AFTER DELETE ON tags BEGIN UPDATE images SET tag_count = tag_count - 1 WHERE id = OLD.image_id; END;
CREATE TRIGGER tag_moved AFTER UPDATE OF image_id ON tags BEGIN
    UPDATE images SET tag_count = tag_count - 1 WHERE id = OLD.image_id;
    UPDATE images SET tag_count = tag_count + 1 WHERE id = NEW.image_id;
END;
"""

# what has a neighbour's state in it, and who may do what
NEIGHBOURS = """
CREATE TABLE identities (               -- users and roles and what they may do: a copy, for deciding, of what IAM (moto) holds
    account TEXT NOT NULL REFERENCES accounts(id),
    kind TEXT NOT NULL CHECK (kind IN ('user', 'role')),
    name TEXT NOT NULL,
    arn TEXT NOT NULL,
    id TEXT NOT NULL,                   -- AIDA… or AROA…
    document TEXT NOT NULL,             -- JSON: policies, groups' policies, boundary, tags, a role's trust policy
    PRIMARY KEY (account, kind, name)
) WITHOUT ROWID;

CREATE TABLE registries (               -- what is set for a private registry as a whole; no row where nothing was
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    policy TEXT,                        -- JSON as it was printed, NULL without one
    settings TEXT NOT NULL DEFAULT '{}',-- JSON: account settings by name
    PRIMARY KEY (account, region)
) WITHOUT ROWID;

CREATE TABLE journal (                  -- the requests that changed a neighbour's state, replayed when it is next needed
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,                 -- of the lab's clock
    wall_time REAL NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    service TEXT NOT NULL,              -- as IAM's actions begin
    operation TEXT NOT NULL,
    subject TEXT,                       -- what the request is about, if all that was done to it can be forgotten with it
    request TEXT NOT NULL               -- JSON: the parameters
);
CREATE INDEX journal_by_service ON journal (service, account, region, subject);

CREATE TABLE messages (                 -- of SQS, from when they are sent until they are deleted
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,                -- its ARN
    message TEXT NOT NULL               -- JSON
);
CREATE INDEX messages_by_queue ON messages (queue);

CREATE TABLE outbox (                   -- events on their way to the targets of EventBridge's rules
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,                 -- when EventBridge got it, on the lab's clock
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    bus TEXT NOT NULL,                  -- an event bus's name: default
    event TEXT NOT NULL                 -- JSON
);
"""

# what happened, call by call. The one index holds all that is asked for: a question reads its entries and no record, whatever it
# is about (100,000 of them in 30 ms), and an entry goes to the index's end, so that writing costs next to nothing
LEDGER = """
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,             -- nothing is ever deleted here, so that numbers go up without AUTOINCREMENT, which writes a page a call
    time REAL NOT NULL,
    account TEXT NOT NULL,              -- in whose trail it is. A call on another account's resource has two rows: the caller's and the owner's
    region TEXT NOT NULL,
    source TEXT NOT NULL,               -- ecr.amazonaws.com
    operation TEXT NOT NULL,
    error_code TEXT,                    -- as CloudTrail names it: AccessDenied; NULL where it was served
    caller_account TEXT,                -- NULL: nobody's. Calls that an account made are counted where it equals account
    user_name TEXT,                     -- a user's name, or of a role the session's
    access_key_id TEXT,
    read_only INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    resource_type TEXT,                 -- AWS::ECR::Repository
    resource_name TEXT,
    repository TEXT,                    -- its name, of calls that are about one
    pulls INTEGER NOT NULL,             -- images handed out, in the trail of the repository's owner; a HEAD hands out none
    record TEXT NOT NULL                -- JSON
);
CREATE INDEX ledger_by_account ON ledger (
    account, region, time, id, source, operation, error_code, caller_account, user_name, access_key_id, read_only, event_id,
    resource_type, resource_name, repository, pulls
);
"""

# of an older record we know what it says: the user's name comes after arn:aws:iam::111122223333:user/, and whether a manifest was looked
# at or fetched it doesn't say
LEDGER_AFRESH = (
    " ALTER TABLE ledger RENAME TO ledger_before; DROP INDEX ledger_by_account;"
    + LEDGER
    + " INSERT INTO ledger SELECT id, time, account, region, source, operation,"
    " CASE error_code WHEN 'AccessDeniedException' THEN 'AccessDenied' ELSE error_code END,"
    " json_extract(record, '$.userIdentity.accountId'), nullif(substr(json_extract(record, '$.userIdentity.arn'), 32), ''),"
    " json_extract(record, '$.userIdentity.accessKeyId'),"
    " operation GLOB 'Get*' OR operation GLOB 'List*' OR operation GLOB 'Describe*' OR operation GLOB 'BatchGet*' OR operation GLOB 'BatchCheck*',"
    " json_extract(record, '$.eventID'),"
    " iif(repository IS NULL, NULL, iif(source = 'ecr.amazonaws.com', 'AWS::ECR::Repository', 'AWS::ECR::PublicRepository')), repository, repository, 0, record"
    " FROM (SELECT *, json_extract(record, '$.requestParameters.repositoryName') AS repository FROM ledger_before) ORDER BY id;"
    " DROP TABLE ledger_before;"
)

# CloudWatch: what learners measure, alarms, and what is needed to count what isn't there any more
METRICS = """
CREATE TABLE departed (                 -- private repositories and images that were deleted
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repository TEXT NOT NULL,
    digest TEXT,                        -- an image's; NULL for the repository itself
    born REAL NOT NULL,
    died REAL NOT NULL
);
CREATE INDEX departed_by_repository ON departed (account, region, repository, digest, born, died);

CREATE TABLE metric_data (              -- what PutMetricData brought
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL,           -- JSON: [[name, value], …] in the order of names
    time REAL NOT NULL,                 -- when its minute, or with high resolution its second, begins
    unit TEXT NOT NULL,
    samples TEXT NOT NULL               -- JSON: {"values": [[value, how often], …]} or {"set": [count, sum, minimum, maximum]}
);
CREATE INDEX metric_data_by_metric ON metric_data (account, region, namespace, name, dimensions, time);

CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,             -- JSON: what PutMetricAlarm was given
    tags TEXT NOT NULL,                 -- JSON
    period INTEGER NOT NULL,            -- seconds, of what is watched
    state TEXT NOT NULL,
    state_reason TEXT NOT NULL,
    state_reason_data TEXT,
    state_time REAL NOT NULL,           -- of the last change of state or reason
    transition_time REAL NOT NULL,      -- of the last change of state
    configured REAL NOT NULL,
    evaluated REAL NOT NULL,            -- up to when
    UNIQUE (account, region, name)
);

CREATE TABLE alarm_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    alarm TEXT NOT NULL,
    kind TEXT NOT NULL,                 -- ConfigurationUpdate, StateUpdate, Action
    time REAL NOT NULL,
    summary TEXT NOT NULL,
    data TEXT NOT NULL                  -- JSON
);
CREATE INDEX alarm_history_by_time ON alarm_history (account, region, time);
CREATE INDEX alarm_history_by_alarm ON alarm_history (account, region, alarm, time);

CREATE TABLE alarm_messages (           -- on their way to SNS
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    alarm TEXT NOT NULL,
    time REAL NOT NULL,                 -- of the change that they tell of
    topic TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL
);
"""

# what is in images, and what scans have found there
SCANS = """
CREATE TABLE scanning_configurations (  -- of private registries; no row where none was ever put
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    scan_type TEXT NOT NULL CHECK (scan_type IN ('BASIC', 'ENHANCED')),
    rules TEXT NOT NULL,                -- JSON: as they were put
    PRIMARY KEY (account, region)
) WITHOUT ROWID;

CREATE TABLE inventories (              -- what is in an image, in whatever repository it lies: read once
    digest TEXT PRIMARY KEY,            -- the image's
    version INTEGER NOT NULL,           -- of scanner/inventory.py
    inventory TEXT NOT NULL             -- JSON: scanner/model.py, Inventory
) WITHOUT ROWID;

CREATE TABLE scans (                    -- at most one of each type an image: what the last one said, and whether another is due
    image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
    type TEXT NOT NULL CHECK (type IN ('BASIC', 'ENHANCED')),
    status TEXT NOT NULL,               -- the model's ScanStatus; scanning/scans.py shows an enhanced COMPLETE as what it is at that moment
    description TEXT NOT NULL,          -- '' where ECR gives none
    asked_at REAL NOT NULL,             -- when a push or a person last asked for one
    completed_at REAL,                  -- of the last one that came to its end
    source_updated_at REAL,             -- the advisories' that it used
    due INTEGER NOT NULL,               -- how many looks were asked for that the worker has still to take
    attempts INTEGER NOT NULL DEFAULT 0,-- how often the worker began since a look last came to its end
    findings TEXT NOT NULL DEFAULT '[]',-- JSON: of BASIC, the model's ImageScanFinding; ENHANCED's are Inspector's
    PRIMARY KEY (image_id, type)
);
CREATE INDEX scans_due ON scans (asked_at, image_id) WHERE due;
"""

# a row is too long for WITHOUT ROWID, which would have every finding that an index names looked up among the documents
FINDINGS = """
CREATE TABLE inspector_findings (       -- of private registries' images; kept a while longer than these
    id TEXT NOT NULL PRIMARY KEY,       -- what the ARN ends in: 32 hexadecimal digits
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repository TEXT NOT NULL,           -- its name
    digest TEXT NOT NULL,               -- the image's
    image_id INTEGER REFERENCES images(id) ON DELETE SET NULL,
    vulnerability TEXT NOT NULL,        -- CVE-…
    status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'SUPPRESSED', 'CLOSED')),
    first_observed_at REAL NOT NULL,
    last_observed_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    closed_for TEXT,                    -- of a closed one: what became of it (inspector/findings.py)
    forgotten_at REAL,                  -- of a closed one: from when on it isn't told any more
    severity TEXT NOT NULL GENERATED ALWAYS AS (json_extract(document, '$.details.severity')) STORED,
    severity_rank INTEGER NOT NULL GENERATED ALWAYS AS (  -- 0 is the worst, as in inspector/findings.py
        CASE json_extract(document, '$.details.severity')
        WHEN 'CRITICAL' THEN 0 WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'LOW' THEN 3 WHEN 'INFORMATIONAL' THEN 4 ELSE 5 END
    ) STORED,
    score REAL GENERATED ALWAYS AS (json_extract(document, '$.details.inspectorScore')) STORED,
    title TEXT GENERATED ALWAYS AS (json_extract(document, '$.details.title')) STORED,
    fix_available TEXT GENERATED ALWAYS AS (json_extract(document, '$.details.fixAvailable')) STORED,
    exploit_available TEXT GENERATED ALWAYS AS (json_extract(document, '$.details.exploitAvailable')) STORED,
    document TEXT NOT NULL              -- JSON: what the model's Finding says beside all that
);
"""
FINDINGS_INDEXES = """
CREATE INDEX inspector_findings_by_image ON inspector_findings (account, region, repository, digest);
CREATE INDEX inspector_findings_by_id ON inspector_findings (image_id, status, severity);
CREATE INDEX inspector_findings_by_severity ON inspector_findings (account, region, severity_rank, -COALESCE(score, 0.0), vulnerability, id);
CREATE INDEX inspector_findings_by_end ON inspector_findings (forgotten_at) WHERE forgotten_at IS NOT NULL;
"""

FINDINGS_AFRESH = (
    " ALTER TABLE inspector_findings RENAME TO inspector_findings_before;"
    + FINDINGS
    + " INSERT INTO inspector_findings (id, account, region, repository, digest, image_id, vulnerability, status, first_observed_at, last_observed_at,"
    " updated_at, closed_for, forgotten_at, document) SELECT id, account, region, repository, digest, image_id, vulnerability, status, first_observed_at,"
    " last_observed_at, updated_at, closed_for, forgotten_at, document FROM inspector_findings_before ORDER BY id;"
    " DROP TABLE inspector_findings_before;"
    + FINDINGS_INDEXES
)

FIRST_SCANS = """
CREATE TABLE inspector_scans (          -- images whose first scan was announced: no later one is
    image_id INTEGER PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE
);
"""

FIRST_SCANS_AFRESH = (
    " ALTER TABLE inspector_scans RENAME TO inspector_scans_before;"
    + FIRST_SCANS
    + " INSERT INTO inspector_scans SELECT image_id FROM inspector_scans_before; DROP TABLE inspector_scans_before;"
)

# Amazon Inspector: who has it enabled, what it found, what is to be suppressed
INSPECTOR = FINDINGS + FINDINGS_INDEXES + FIRST_SCANS + """
CREATE TABLE inspector_accounts (       -- who had Inspector look at ECR's images; no row where nobody ever had
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    is_enabled INTEGER NOT NULL,
    rescans TEXT NOT NULL DEFAULT '{}', -- JSON: how long images are looked at, as UpdateConfiguration was given it, and updatedAt
    PRIMARY KEY (account, region)
) WITHOUT ROWID;
CREATE TABLE inspector_filters (
    id TEXT PRIMARY KEY,                -- what the ARN ends in: 16 hexadecimal digits
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('NONE', 'SUPPRESS')),
    criteria TEXT NOT NULL,             -- JSON: the model's FilterCriteria, times in seconds since 1970
    description TEXT,
    reason TEXT,
    tags TEXT NOT NULL DEFAULT '{}',    -- JSON
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (account, region, name)
) WITHOUT ROWID;
CREATE TABLE inspector_exports (        -- SBOMs that were asked for
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    asked_at REAL NOT NULL,
    request TEXT NOT NULL,              -- JSON: what CreateSbomExport was given
    status TEXT NOT NULL CHECK (status IN ('SUCCEEDED', 'FAILED')),
    error TEXT                          -- JSON: errorCode and errorMessage of one that failed
) WITHOUT ROWID;
"""

STEPS = {  # version → what makes the next one of it
    1: "ALTER TABLE repositories ADD COLUMN policy TEXT;",
    2: "ALTER TABLE uploads ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;",
    3: "CREATE TABLE logos (repository_id INTEGER PRIMARY KEY REFERENCES repositories(id) ON DELETE CASCADE, digest TEXT NOT NULL, image BLOB NOT NULL);"
    " CREATE INDEX logos_by_digest ON logos (digest);",
    4: "ALTER TABLE images ADD COLUMN tag_count INTEGER NOT NULL DEFAULT 0;"
    " UPDATE images SET tag_count = (SELECT COUNT(*) FROM tags t WHERE t.image_id = images.id);" + TAG_COUNTS,
    5: "ALTER TABLE access_keys RENAME TO access_keys_before;"
    " CREATE TABLE access_keys (id TEXT PRIMARY KEY, secret TEXT NOT NULL, account TEXT NOT NULL REFERENCES accounts(id), user TEXT NOT NULL,"
    " status TEXT NOT NULL DEFAULT 'Active', of_lab INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID; CREATE INDEX access_keys_by_user ON access_keys (account, user);"
    " INSERT INTO access_keys (id, secret, account, user, of_lab) SELECT id, secret, account, user, 1 FROM access_keys_before; DROP TABLE access_keys_before;"
    + NEIGHBOURS
    + LEDGER_AFRESH
    + METRICS,
    6: SCANS + INSPECTOR,
    7: FINDINGS_AFRESH + FIRST_SCANS_AFRESH,
}

SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    public_alias TEXT UNIQUE,           -- NULL until the first public repository
    public_display_name TEXT
) WITHOUT ROWID;

CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts(id),
    user TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'Active',
    of_lab INTEGER NOT NULL DEFAULT 0   -- whether the lab made it, for the notebooks and the checks
) WITHOUT ROWID;
CREATE INDEX access_keys_by_user ON access_keys (account, user);

CREATE TABLE repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('private', 'public')),
    account TEXT NOT NULL,
    region TEXT NOT NULL,               -- '' for the public registry, which has none
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    mutability TEXT NOT NULL DEFAULT 'MUTABLE',
    exclusion_filters TEXT NOT NULL DEFAULT '[]',
    scan_on_push INTEGER NOT NULL DEFAULT 0,
    encryption TEXT NOT NULL DEFAULT '{"encryptionType": "AES256"}',
    resource_tags TEXT NOT NULL DEFAULT '{}',
    catalog_data TEXT,
    policy TEXT,                        -- JSON as it was printed, NULL without one
    UNIQUE (kind, account, region, name)
);

CREATE TABLE logos (                    -- of public repositories
    repository_id INTEGER PRIMARY KEY REFERENCES repositories(id) ON DELETE CASCADE,
    digest TEXT NOT NULL,               -- the SHA-256, in hexadecimal digits, by which it is fetched
    image BLOB NOT NULL
);
CREATE INDEX logos_by_digest ON logos (digest);

CREATE TABLE images (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT,                 -- the config's media type, or the manifest's own artifactType
    manifest BLOB NOT NULL,
    size INTEGER NOT NULL,              -- bytes: config and layers, or the largest child of an index
    pushed_at REAL NOT NULL,
    last_pulled_at REAL,
    subject_digest TEXT,
    tag_count INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository_id, digest)
);
CREATE INDEX images_by_repository ON images (repository_id, id);
CREATE INDEX images_by_subject ON images (repository_id, subject_digest, id) WHERE subject_digest IS NOT NULL;

CREATE TABLE tags (
    repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
    tagged_at REAL NOT NULL,
    PRIMARY KEY (repository_id, name)
) WITHOUT ROWID;
CREATE INDEX tags_by_image ON tags (image_id, name);

CREATE TABLE layers (                   -- blobs a repository holds: layers and configs
    repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    uploaded_at REAL NOT NULL,
    PRIMARY KEY (repository_id, digest)
) WITHOUT ROWID;
CREATE INDEX layers_by_digest ON layers (digest);

CREATE TABLE image_layers (             -- which blobs an image's manifest names
    image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    PRIMARY KEY (image_id, digest)
) WITHOUT ROWID;
CREATE INDEX image_layers_by_digest ON image_layers (digest);

CREATE TABLE image_children (           -- which images an index names
    image_id INTEGER NOT NULL REFERENCES images(id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    repository_id INTEGER NOT NULL,     -- after the key: SQLite 3.40's quick_check takes a NOT NULL column before it for NULL
    PRIMARY KEY (image_id, digest)
) WITHOUT ROWID;
CREATE INDEX image_children_by_digest ON image_children (repository_id, digest);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    received INTEGER NOT NULL DEFAULT 0,        -- bytes acknowledged so far
    last_part INTEGER NOT NULL DEFAULT 0,       -- size of the last part sent by UploadLayerPart
    small_part INTEGER NOT NULL DEFAULT 0,      -- whether a part before the last was under 5 MiB
    started_at REAL NOT NULL,
    parts INTEGER NOT NULL DEFAULT 0            -- how many UploadLayerPart has sent
) WITHOUT ROWID;
""" + TAG_COUNTS + NEIGHBOURS + LEDGER + METRICS + SCANS + INSPECTOR
