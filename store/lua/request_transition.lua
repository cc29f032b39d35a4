-- request_transition makes one transition, or writes a decision down that moves nothing yet: a person's, on the version that
-- it was decided on, or a worker's, under its claim.
--
-- KEYS  1-5 as in lib.lua  6 req:<id>:steps  7 target:<hash>  8 pending  9 ready  10 leases  11 wake
--       12 waiting  13 stuck  14 open  15 reviews  16 records  17 records:index  18 checked  19... of each record
--       checks:<its queue>, then the locks of what others write too
-- ARGV  1-6 as in lib.lua  7 from ('' if there is no such move: it is refused)  8 to  9 where a request in that
--       state belongs: pending, ready, working, waiting, parked or final  10 epoch of the worker's claim ('' for a person)  11 worker
--       12 seconds to keep a final request  13 1 if the plan has drifted  14 by when it has to be reviewed, ms ('0': it was,
--       '': as before)  15 how many records  16... of each its key, document ('': delete) and 1 if it is checked, then fields
--       and values of the request
--
-- missing, newer, fenced
-- aside     it was put aside: though its record may be repaired by now, somebody has to requeue or resolve it first
-- conflict  the request is no longer at that version or in that state
local done = again(KEYS[1]) or unusable(KEYS[4], ARGV[5]) or newer(KEYS[16], ARGV[5])
if done then return done end

local req, id = KEYS[4], ARGV[4]
local from, to, place, epoch = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
if epoch ~= '' then
  local lost = fenced(req, KEYS[10], id, epoch, ARGV[11])
  if lost then return lost end
elseif redis.call('HGET', req, 'aside') then
  return {'aside'}
end
local is = redis.call('HMGET', req, 'version', 'state', 'proposal')
if is[1] ~= ARGV[6] or is[2] ~= from then return {'conflict'} end
local head = moved()
if head then return head end

record()
if ARGV[13] == '1' then
  redis.call('HSET', req, 'previous', is[3], 'approvals_since', redis.call('HGET', req, 'version'))
end
local records = tonumber(ARGV[15])
redis.call('HSET', req, 'state', to, unpack(ARGV, 16 + 3 * records))
for i = 1, records do
  local key = ARGV[13 + 3 * i]
  redis.call('HSET', KEYS[16], 'schema', ARGV[5])
  put(KEYS[16], KEYS[17], key, ARGV[14 + 3 * i])
  -- What has changed is checked at once, and a check that is under way counts no more.
  if ARGV[15 + 3 * i] == '1' then
    redis.call('ZADD', KEYS[18], 'NX', text(now()), key)
    redis.call('ZADD', KEYS[18 + i], text(now()), key)
  end
end

if ARGV[14] == '0' then
  redis.call('ZREM', KEYS[15], id)
elseif ARGV[14] ~= '' then
  redis.call('ZADD', KEYS[15], ARGV[14], id)
end

-- Until a worker begins, a request has a deadline: approved ones too.
if place == 'pending' or place == 'ready' then
  redis.call('ZADD', KEYS[8], score(redis.call('HGET', req, 'deadline')), id)
else
  redis.call('ZREM', KEYS[8], id)
end

if place ~= 'ready' then
  redis.call('ZREM', KEYS[9], id)
elseif from ~= to then
  -- Where a change window has to open first, the place in the line is its opening.
  local opens = tonumber(redis.call('HGET', req, 'not_before') or '0')
  redis.call('ZADD', KEYS[9], text(math.max(now(), opens)), id)
  wake(KEYS[11])
end

if place ~= 'working' then
  redis.call('ZREM', KEYS[10], id)
elseif epoch == '' and from ~= to then
  -- A person wants a worker to go on: a lease that has ended is one that anybody may take.
  redis.call('ZADD', KEYS[10], text(now()), id)
  redis.call('HSET', req, 'released', '1')
  wake(KEYS[11])
end

-- Until a person has done something: at the end of its time it goes on without.
if place == 'waiting' then
  redis.call('ZADD', KEYS[12], redis.call('HGET', req, 'wait_until'), id)
else
  redis.call('ZREM', KEYS[12], id)
end

if place ~= 'working' and place ~= 'waiting' and place ~= 'parked' then
  for i = 19 + records, #KEYS do
    if redis.call('GET', KEYS[i]) == id then
      redis.call('DEL', KEYS[i])
      wake(KEYS[11])
    end
  end
end

if place == 'parked' then
  redis.call('ZADD', KEYS[13], 'NX', text(now()), id)
else
  redis.call('ZREM', KEYS[13], id)
end

if place == 'final' then
  if redis.call('GET', KEYS[7]) == id then redis.call('DEL', KEYS[7]) end
  redis.call('HDEL', KEYS[14], id)
  -- What has yet to be reviewed is kept until it was.
  for _, key in ipairs({req, KEYS[6]}) do
    if redis.call('ZSCORE', KEYS[15], id) then
      redis.call('PERSIST', key)
    else
      redis.call('EXPIRE', key, ARGV[12])
    end
  end
end
return {'ok'}
