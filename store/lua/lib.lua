-- What every script begins with; the program puts this file in front of each of them.
--
-- Answers are lists: a word, and after some words a value. A script decides first and writes last, and its
-- first write is one that Redis refuses when memory is full (XADD, HSET, ZADD, SET): then nothing is half done.

-- now is Redis's own time in milliseconds. Leases go by it, never by a worker's clock.
local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- text writes a number of milliseconds without an exponent.
local function text(n)
  return string.format('%.0f', n)
end

-- score ranks a deadline in ms; 0 is none, and never due.
local function score(deadline)
  return deadline == '0' and '+inf' or deadline
end

-- late answers a notifier that may no longer notify: its lease has ended, or somebody else has taken it over.
local function late(req, owner)
  local is = redis.call('HMGET', req, 'notifier', 'notifying')
  if is[1] ~= owner or tonumber(is[2]) <= now() then return {'fenced'} end
end

-- again answers a call that arrives a second time, because its first answer was lost on the way. It comes over another
-- connection, which has to write something for a WAIT on it to wait for the copies of the first. (Of a call that is new
-- nothing is written here: EXPIRE passes while memory is full, and whatever follows a write passes then, too.)
local function again(call)
  if redis.call('EXISTS', call) == 1 then
    redis.call('EXPIRE', call, 60)
    return {'ok'}
  end
end

-- unusable answers for a request that is not there, or that a newer version of the bot wrote. A schema that is no number is
-- damage: nobody acts on such a request, but it can be put aside.
local function unusable(req, schema)
  local has = redis.call('HGET', req, 'schema')
  if not has then return {'missing'} end
  if (tonumber(has) or 0) > tonumber(schema) then return {'newer'} end
end

-- countable replaces a version that can't be counted on by Redis's time in milliseconds: nobody has decided on that one, and
-- it is above all that were shown. 15 digits are what Lua's numbers hold.
local function countable(req)
  local version = redis.call('HGET', req, 'version') or ''
  if #version > 15 or not string.match(version, '^%d+$') then redis.call('HSET', req, 'version', text(now())) end
end

-- resolved reports whether a person has ended a request that could not be read. Its record still can't.
local function resolved(req)
  return string.find(redis.call('HGET', req, 'aside_end') or '', '"resolved":true', 1, true)
end

-- fenced answers a worker that has lost its claim: its lease has ended, or the epoch has gone up since, or the
-- epoch is that of another worker's claim. Epochs come twice when a failover lost the claim that first had one.
local function fenced(req, leases, id, epoch, worker)
  local ends = redis.call('ZSCORE', leases, id)
  local is = redis.call('HMGET', req, 'epoch', 'worker')
  if is[1] ~= epoch or is[2] ~= worker or not ends or tonumber(ends) <= now() then return {'fenced'} end
end

-- The audited scripts (policy_record, which has no request, but for the keys and arguments from the fourth on) share their first keys and arguments:
--   KEYS  1 call:<nonce>  2 audit  3 audit:head  4 req:<id>  5 unannounced
--   ARGV  1 the head that the entry follows ('' before the first)  2 the entry's text  3 the entry's hash
--         4 id  5 schema  6 the version that the call was decided on
-- and besides answers of their own:
--   ok          written
--   head <hash> the audit has moved on to this head; nothing was written

-- moved answers with the head of the audit if it is no longer the one that the entry follows.
local function moved()
  local head = redis.call('HGET', KEYS[3], 'hash') or ''
  if head ~= ARGV[1] then return {'head', head} end
end

-- write writes the entry down and remembers the call for a minute. It is the first write of a script.
local function write()
  redis.call('XADD', KEYS[2], '*', 'entry', ARGV[2], 'hash', ARGV[3])
  redis.call('HSET', KEYS[3], 'hash', ARGV[3])
  redis.call('HINCRBY', KEYS[3], 'count', 1)
  redis.call('SET', KEYS[1], '1', 'EX', 60)
end

-- record writes the entry of a request down and takes the request to its next version, which has yet to be shown to people.
local function record()
  write()
  redis.call('HINCRBY', KEYS[4], 'version', 1)
  redis.call('ZADD', KEYS[5], 'NX', text(now()), ARGV[4])
end

-- wake lets one waiting worker go. A few wake-ups too many do no harm, so the list is kept short.
local function wake(list)
  redis.call('RPUSH', list, '1')
  redis.call('LTRIM', list, -64, -1)
end

-- A document is a field of a hash: a line of facets separated by homes, then a text. Its index is a sorted set with a
-- member "<facet>\n<key>" for each facet, all of score 0.

local function facets(doc)
  return string.gmatch(string.match(doc, '^[^\n]*'), '[^\t]+')
end

-- put writes a document and its index; an empty one deletes it.
local function put(docs, index, key, doc)
  for facet in facets(redis.call('HGET', docs, key) or '') do redis.call('ZREM', index, facet .. '\n' .. key) end
  if doc == '' then
    redis.call('HDEL', docs, key)
    return
  end
  redis.call('HSET', docs, key, doc)
  for facet in facets(doc) do redis.call('ZADD', index, '0', facet .. '\n' .. key) end
end

-- newer answers for documents that a newer version of the bot wrote.
local function newer(docs, schema)
  local has = redis.call('HGET', docs, 'schema')
  if has and tonumber(has) > tonumber(schema) then return {'newer'} end
end
