import type { Role } from '@/api/types';

export const roleWords: Record<Role, string> = {
  owner: 'Owner · everything',
  admin: 'Admin · members, settings, all jobs',
  member: 'Member · creates jobs, own ones in full',
  viewer: 'Viewer · watches',
};
export const shortRoles: Record<Role, string> = { owner: 'Owner', admin: 'Admin', member: 'Member', viewer: 'Viewer' };
