-- request_claim gives a request to a worker, if it still is as the worker saw it.
--
-- KEYS  1-5 as in lib.lua  6 pending  7 ready  8 leases  9 waiting  10 stuck  11 aside  12... the locks of what others write too
-- ARGV  1-6 as in lib.lua  7 state that it was seen in  8 state that it goes to  9 epoch that it was seen at
--       10 1 if it was seen given back, else 0  11 worker  12 lease, ms  13 how long one that is locked out is left alone, ms
--       14 1 if it is taken over, else 0
--
-- ok <how often in a row it has been taken over> <ms for which a call of an earlier worker may still be carried out>
-- missing, newer
-- conflict  somebody else was quicker
-- early     its change window has yet to open
-- locked    a request that has begun writes the same: this one goes back in the line
-- overdue   it was approved, but its deadline has passed: it is left to expire
local req, id, at = KEYS[4], ARGV[4], now()
local function claimed()
  local is = redis.call('HMGET', req, 'takeovers', 'call_until')
  return {'ok', is[1] or '0', text(math.max(tonumber(is[2] or '0') - at, 0))}
end
-- A lock is held by a request that is in work, waits for a person, is stuck or was put aside. Of one that was resolved while
-- nobody could tell what it had locked, locks are left: they hold nobody up.
local function locked(holder)
  if not holder or holder == id then return false end
  for _, index in ipairs({KEYS[8], KEYS[9], KEYS[10], KEYS[11]}) do
    if redis.call('ZSCORE', index, holder) then return true end
  end
  return false
end
if again(KEYS[1]) then return claimed() end
local done = unusable(KEYS[4], ARGV[5])
if done then return done end

local is = redis.call('HMGET', req, 'version', 'state', 'epoch', 'released', 'deadline')
if is[1] ~= ARGV[6] or is[2] ~= ARGV[7] or is[3] ~= ARGV[9] or (is[4] or '0') ~= ARGV[10] then
  return {'conflict'}
end
local approved, ends = redis.call('ZSCORE', KEYS[7], id), redis.call('ZSCORE', KEYS[8], id)
if approved then
  local deadline = tonumber(is[5])
  if deadline > 0 and deadline <= at then return {'overdue'} end
  if tonumber(approved) > at then return {'early'} end
  for i = 12, #KEYS do
    if locked(redis.call('GET', KEYS[i])) then
      redis.call('ZADD', KEYS[7], 'XX', text(at + tonumber(ARGV[13])), id)
      return {'locked'}
    end
  end
elseif not ends or tonumber(ends) > at then
  return {'conflict'}
end
local head = moved()
if head then return head end

record()
redis.call('HINCRBY', req, 'epoch', 1)
if ARGV[14] == '0' then redis.call('HDEL', req, 'takeovers') end
redis.call('HINCRBY', req, 'takeovers', ARGV[14])
redis.call('HSET', req, 'state', ARGV[8], 'worker', ARGV[11], 'released', '0')
redis.call('ZADD', KEYS[8], text(at + tonumber(ARGV[12])), id)
redis.call('ZREM', KEYS[7], id)
redis.call('ZREM', KEYS[6], id)
for i = 12, #KEYS do redis.call('SET', KEYS[i], id) end
return claimed()
