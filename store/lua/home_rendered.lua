-- home_rendered notes what a home tab shows now. Where somebody else drew the tab since it was looked at, nobody knows whose
-- drawing came last: what it shows is forgotten, and it is drawn once more. So is one that shows what has no mark.
--
-- KEYS  1 homes  2 homes:due  3 homes:shown
-- ARGV  1 user  2 mark that it had  3 mark that it has  4 gather, ms  5 how long a tab counts as open, ms
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {'ok'} end
local due = now() + tonumber(ARGV[4])
if ARGV[3] == '' or (redis.call('HGET', KEYS[3], ARGV[1]) or '') ~= ARGV[2] then
  redis.call('ZADD', KEYS[2], text(due), ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
else
  redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
  -- A wish that came while it was being drawn is due before the lease would end.
  local is = redis.call('ZSCORE', KEYS[2], ARGV[1])
  if is and tonumber(is) > due then redis.call('ZREM', KEYS[2], ARGV[1]) end
end
for i = 2, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[5]) end
return {'ok'}
