-- claim_checks hands out the checks of a queue that are due, those first that have waited longest, until the lease ends; or
-- the check of one record, due or not, which ends the claim that somebody else may have on it.
--
-- KEYS  1 checks:<queue>  2 records  3 statuses
-- ARGV  1 schema  2 how many at most  3 lease, ms  4 the one record ('' for those that are due)
--
-- newer
-- Else it answers with the token of the claims, then of each its key, its record and its status ('' for none).
local no = newer(KEYS[2], ARGV[1]) or newer(KEYS[3], ARGV[1])
if no then return no end
local token = text(now() + tonumber(ARGV[3]))
local out = {token}
local keys
if ARGV[4] == '' then
  keys = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now()), 'LIMIT', 0, ARGV[2])
else
  keys = redis.call('ZSCORE', KEYS[1], ARGV[4]) and {ARGV[4]} or {}
end
for _, key in ipairs(keys) do
  redis.call('ZADD', KEYS[1], token, key)
  out[#out + 1] = key
  out[#out + 1] = redis.call('HGET', KEYS[2], key) or ''
  out[#out + 1] = redis.call('HGET', KEYS[3], key) or ''
end
return out
