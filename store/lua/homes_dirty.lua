-- homes_dirty asks for home homes to be drawn again soon: those among the users' that are remembered as open. One that is wanted already
-- is drawn when it would have been, and one that is being drawn once more after that.
--
-- KEYS  1 homes  2 homes:due
-- ARGV  1 how long to gather changes, ms  2 how long a tab counts as open, ms  3… users
local due = now() + tonumber(ARGV[1])
for i = 3, #ARGV do
  local is = redis.call('ZSCORE', KEYS[2], ARGV[i])
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) and not (is and tonumber(is) <= due) then
    redis.call('ZADD', KEYS[2], text(due), ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {'ok'}
