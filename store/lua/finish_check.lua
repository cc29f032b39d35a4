-- finish_check writes what a check found, and when the next one is due.
--
-- KEYS  1 checks:<queue>  2 checked  3 statuses  4 statuses:index  5 statuses:revision
-- ARGV  1 schema  2 key  3 token of the claim  4 ms until the next check ('' for none)  5 1 if the status stays, else 0
--       6 the status ('' for none)  7 1 if readers should look again, else 0
--
-- newer
-- fenced  the claim has ended, or the record has changed since
local no = newer(KEYS[3], ARGV[1])
if no then return no end
local key = ARGV[2]
if tonumber(redis.call('ZSCORE', KEYS[1], key) or '-1') ~= tonumber(ARGV[3]) then return {'fenced'} end
redis.call('HSET', KEYS[3], 'schema', ARGV[1])
if ARGV[4] == '' then
  redis.call('ZREM', KEYS[1], key)
else
  redis.call('ZADD', KEYS[1], text(now() + tonumber(ARGV[4])), key)
end
if ARGV[5] == '0' then
  put(KEYS[3], KEYS[4], key, ARGV[6])
  if ARGV[4] == '' then
    redis.call('ZREM', KEYS[2], key)
  else
    redis.call('ZADD', KEYS[2], text(now()), key)
  end
end
if ARGV[7] == '1' then redis.call('INCR', KEYS[5]) end
return {'ok'}
