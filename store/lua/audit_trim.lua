-- Lets the oldest entries of the audit go; a signed checkpoint stands for them from then on.
--   KEYS  1 audit  2 audit:begins
--   ARGV  1 the checkpoint that stands for those gone before ('' for none)  2 the one for all that are gone then
--         3 the id of the first entry that stays
-- Answers: ok; conflict, if others have let entries go meanwhile, or the entry that shall stay is not there.

if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return {'conflict'} end
if #redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3]) == 0 then return {'conflict'} end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3])
return {'ok'}
