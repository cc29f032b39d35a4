-- request_create stores a new request and takes its target.
--
-- KEYS  1-5 as in lib.lua  6 target:<hash>  7 dedup:<hash>  8 pending  9 recent  10 mine:<user>
--       11 req:<parent>  12 open
-- ARGV  1-5 as in lib.lua  6 0  7 seconds to remember the submission (0: not at all)  8 created, ms
--       9 deadline, ms  10 the member for recent
--       11 id of the parent, which learns of its child and is shown again ('' for none)
--       12 who asked  13 the channel ('' for none)  14 how many requests a person may have open (0: any number)
--       15 likewise of a channel  16 1 to ask what would be answered if the parent had ended; nothing is written
--       17... fields and values of the request
--
-- free       asked so: nothing is in the way
-- seen <id>  this submission made that request before
-- held <id>  that request holds the target
-- exists     the id is taken
-- person, channel  it has as many open requests as it may have
local done = again(KEYS[1])
if done then return done end

local id, remember, parent, asking = ARGV[4], tonumber(ARGV[7]), ARGV[11], ARGV[16] == '1'
if remember > 0 then
  local made = redis.call('GET', KEYS[7])
  if made then return {'seen', made} end
end
local holder = redis.call('GET', KEYS[6])
-- One that was resolved while nobody could tell its target has left it behind: what is not open holds nothing.
if holder and redis.call('HEXISTS', KEYS[12], holder) == 0 then holder = false end
if holder and not (asking and holder == parent) then return {'held', holder} end
if redis.call('EXISTS', KEYS[4]) == 1 then return {'exists'} end
local person, channel = ARGV[12], ARGV[13]
local theirs, there = 0, 0
local open = redis.call('HGETALL', KEYS[12])
for i = 1, #open, 2 do
  local by, at = string.match(open[i + 1], '^(%S*) ?(%S*)$')
  if not (asking and open[i] == parent) then
    if by == person then theirs = theirs + 1 end
    if at == channel and at ~= '' then there = there + 1 end
  end
end
local most, mostThere = tonumber(ARGV[14]), tonumber(ARGV[15])
if most > 0 and theirs >= most then return {'person'} end
if mostThere > 0 and there >= mostThere then return {'channel'} end
if asking then return {'free'} end
local head = moved()
if head then return head end

record()
redis.call('HSET', KEYS[4], unpack(ARGV, 17))
redis.call('HSET', KEYS[12], id, person .. ' ' .. channel)
redis.call('SET', KEYS[6], id)
if remember > 0 then redis.call('SET', KEYS[7], id, 'EX', remember) end
redis.call('ZADD', KEYS[8], score(ARGV[9]), id)
redis.call('ZADD', KEYS[9], ARGV[8], ARGV[10])
redis.call('ZADD', KEYS[10], ARGV[8], id)
if parent ~= '' and redis.call('EXISTS', KEYS[11]) == 1 then
  redis.call('HSET', KEYS[11], 'child', id)
  redis.call('HINCRBY', KEYS[11], 'version', 1)
  redis.call('ZADD', KEYS[5], 'NX', text(now()), parent)
end
return {'ok'}
