package main

func (y *year) judge() {
	y.t.Logf("exits %v", y.exits)
	failed, made := 0, 0
	for _, k := range y.world.users {
		made += k.made
		if k.failed > 0 {
			failed += k.failed
			y.t.Errorf("%s of %s in %s failed %d of %d times, %s", k.name, k.user, k.account, k.failed, k.made, k.complaint)
		}
	}
	y.t.Logf("%d users of keys made %d calls, %d failed", len(y.world.users), made, failed)
}
